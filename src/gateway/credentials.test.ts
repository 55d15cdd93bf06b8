import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { ConfigurationError } from '../errors/errors.ts'
import { checkedCredential, credentialOf, credentialText } from './credentials.ts'
import type { Credential } from './rules.ts'

const directory = mkdtempSync(join(tmpdir(), 'saltgate-credentials-'))
after(() => rmSync(directory, { recursive: true }))

const login = { user: 'app', host: 'db1.example', port: 3306 }
const secret = 'gé-heim'

function file(name: string, content: string | Uint8Array, mode = 0o600): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  chmodSync(path, mode)
  return path
}

function program(script: string): readonly string[] {
  return [process.execPath, '-e', script]
}

async function text(credential: Credential, deadlineMs?: number): Promise<string> {
  return Buffer.from(await credentialOf(credential, login, deadlineMs)).toString('utf8')
}

async function failure(credential: Credential, deadlineMs?: number): Promise<string> {
  const error = await (async () => credentialOf(credential, login, deadlineMs))().then(
    () => assert.fail('there was a password'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof ConfigurationError, inspect(error))
  assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /heim/)
  const [, why] =
    /^no password for 'app' at db1\.example:3306: (.*)$/s.exec(error.message) ?? assert.fail(error.message)
  return why as string
}

describe('credentialOf', () => {
  it('gives a password of the configuration at once, also an empty one', () => {
    const given = credentialOf({ password: secret }, login)
    assert.ok(given instanceof Uint8Array)
    assert.equal(Buffer.from(given).toString(), secret)
    assert.equal((credentialOf({ password: '' }, login) as Uint8Array).length, 0)
  })

  it('gives bytes that may be wiped without harm to the next login', async () => {
    const kept = Buffer.from(secret)
    for (const credential of [{ password: secret }, { callback: () => kept }, { file: file('wipe', secret) }]) {
      const first = await credentialOf(credential, login)
      first.fill(0)
      assert.equal(await text(credential), secret)
    }
  })

  it('reads the environment', async () => {
    process.env.SALTGATE_TEST_CREDENTIAL = secret
    assert.equal(await text({ env: 'SALTGATE_TEST_CREDENTIAL' }), secret)
    process.env.SALTGATE_TEST_CREDENTIAL = ''
    assert.equal(
      await failure({ env: 'SALTGATE_TEST_CREDENTIAL' }),
      'the environment variable SALTGATE_TEST_CREDENTIAL is empty',
    )
    delete process.env.SALTGATE_TEST_CREDENTIAL
    assert.equal(
      await failure({ env: 'SALTGATE_TEST_CREDENTIAL' }),
      'the environment variable SALTGATE_TEST_CREDENTIAL is not set',
    )
  })
})

describe('credentialOf a file', () => {
  for (const [what, content, expected] of [
    ['without a newline', secret, secret],
    ['with one', `${secret}\n`, secret],
    ['with CRLF and more lines', `${secret}\r\nnot this\r\n`, secret],
    ['with spaces', ` ${secret} \n`, ` ${secret} `],
  ] as const) {
    it(`takes the first line ${what}`, async () => {
      assert.equal(await text({ file: file('first', content) }), expected)
    })
  }

  it('takes bytes that are no UTF-8 as they are', async () => {
    const path = file('latin1', Buffer.from([0xe9, 0xff, 0x0a]))
    assert.deepEqual(Buffer.from(await credentialOf({ file: path }, login)), Buffer.from([0xe9, 0xff]))
  })

  it('reads it each time, so that a new password counts at once', async () => {
    const path = file('rotated', 'old')
    assert.equal(await text({ file: path }), 'old')
    file('rotated', 'new')
    assert.equal(await text({ file: path }), 'new')
  })

  it('takes the member with the name of the user from .json', async () => {
    assert.equal(await text({ file: file('all.json', JSON.stringify({ other: 'x', app: secret })) }), secret)
    const path = file('none.json', '{"other":"geheim"}')
    assert.equal(await failure({ file: path }), `the file ${path} has no member of that name`)
  })

  it('takes no member that the file does not have itself', async () => {
    const path = file('proto.json', '{}')
    await assert.rejects(
      async () => credentialOf({ file: path }, { ...login, user: 'toString' }),
      /^ConfigurationError: .*has no member of that name$/,
    )
    await assert.rejects(async () => credentialOf({ file: path }, { ...login, user: '__proto__' }), /no member/)
  })

  it('quotes nothing of a file that is not as it should be', async () => {
    const broken = file('broken.json', '{"app": "geheim')
    assert.equal(await failure({ file: broken }), `the file ${broken} is not JSON`)
    const nested = file('nested.json', '{"app": {"a": "geheim"}}')
    assert.equal(await failure({ file: nested }), `the member of ${nested} is neither text nor bytes`)
    const empty = file('empty', '\ngeheim')
    assert.equal(await failure({ file: empty }), `the file ${empty} is empty`)
    assert.match(await failure({ file: file('nul', 'ge\0heim') }), /^it holds a NUL byte/)
  })

  it('refuses one that others may read or write, and says how to mend it', {
    skip: process.platform === 'win32',
  }, async () => {
    for (const mode of [0o644, 0o640, 0o604, 0o620, 0o602]) {
      const path = file('open', secret, mode)
      assert.equal(
        await failure({ file: path }),
        `the file ${path} can be used by others than its owner: chmod 600 ${path}`,
      )
    }
    const link = join(directory, 'link')
    symlinkSync(file('target', secret, 0o644), link)
    assert.match(await failure({ file: link }), /chmod 600/)
    assert.equal(await text({ file: file('closed', secret, 0o400) }), secret)
  })

  it('says what is missing, too large, or no file at all', async () => {
    assert.match(await failure({ file: join(directory, 'nowhere') }), /cannot be read \(ENOENT\)$/)
    assert.match(await failure({ file: directory }), /is not a file$|cannot be read/)
    assert.match(
      await failure({ file: file('large', Buffer.alloc((1 << 20) + 1, 'x')) }),
      /is larger than 1048576 bytes$/,
    )
  })
})

describe('credentialOf a command', () => {
  it('takes the first line of what it prints, and hands it user and host', async () => {
    const command = [
      ...program('console.log(process.argv.slice(1).join("|")); console.log("more")'),
      '{user}',
      'at={host}',
    ]
    assert.equal(await text({ command }), 'app|at=db1.example')
  })

  it('gives no shell anything to read', async () => {
    const command = [...program('console.log(process.argv[1])'), '$(id); `id` "{user}"']
    assert.equal(await text({ command }), '$(id); `id` "app"')
  })

  for (const user of ['-rf', '../root', 'a\\b', 'a\nb', '{host}/x']) {
    it(`hands over no user called ${JSON.stringify(user)}`, async () => {
      const command = [...program('console.log(1)'), '{user}']
      await assert.rejects(async () => credentialOf({ command }, { ...login, user }), /is not given to a program$/)
    })
  }

  it('says how it failed, and nothing of what it wrote', async () => {
    const path = process.execPath
    assert.equal(
      await failure({ command: program('console.log("geheim"); console.error("geheim"); process.exit(3)') }),
      `the program ${path} failed (exit code 3)`,
    )
    assert.equal(await failure({ command: ['/no/such/program'] }), 'the program /no/such/program failed (ENOENT)')
    assert.equal(await failure({ command: program('console.log()') }), `what the program ${path} prints is empty`)
    assert.equal(
      await failure({ command: program('process.stdout.write("geheim".repeat(20000))') }),
      `the program ${path} failed (it wrote more than 65536 bytes)`,
    )
    assert.equal(
      await failure({ command: program('process.kill(process.pid, "SIGTERM")') }),
      `the program ${path} failed (SIGTERM)`,
    )
  })

  it('is given nothing to read, and ends at the deadline', async () => {
    assert.equal(await text({ command: program('process.stdin.on("end", () => console.log("end")).resume()') }), 'end')
    assert.equal(
      await failure({ command: program('process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)') }, 200),
      `${process.execPath} gave none within 200 ms`,
    )
  })
})

describe('credentialOf a callback', () => {
  it('takes text and bytes, now and later, and is told for whom', async () => {
    const asked: unknown[] = []
    for (const value of [secret, Buffer.from(secret), Promise.resolve(secret)]) {
      const callback = (who: object) => {
        asked.push(who)
        return value
      }
      assert.equal(await text({ callback }), secret)
    }
    assert.deepEqual(asked, [login, login, login])
  })

  it('quotes nothing of how it fails', async () => {
    const refused = Object.assign(new Error('geheim'), { code: 'ECONNREFUSED' })
    const rude = (): never => {
      throw 'geheim'
    }
    assert.equal(await failure({ callback: rude }), 'the callback failed (string)')
    assert.equal(await failure({ callback: () => Promise.reject(refused) }), 'the callback failed (ECONNREFUSED)')
    assert.equal(
      await failure({ callback: () => Promise.reject(new TypeError('geheim')) }),
      'the callback failed (TypeError)',
    )
    assert.equal(
      await failure({ callback: (() => ({ geheim: 1 })) as never }),
      'the callback is neither text nor bytes',
    )
    assert.equal(await failure({ callback: () => '' }), 'the callback is empty')
  })

  it('ends at the deadline, and is not heard later', async () => {
    const late = Promise.withResolvers<string>()
    assert.equal(await failure({ callback: () => late.promise }, 20), 'the callback gave none within 20 ms')
    late.reject(new Error('geheim'))
  })
})

describe('credentialOf AWS IAM', () => {
  it('signs a token for the user at the endpoint', async () => {
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'geheim' })
    try {
      assert.match(
        await text({ awsIam: { region: 'eu-west-1' } }),
        /^db1\.example:3306\/\?Action=connect&DBUser=app&.*eu-west-1/,
      )
      assert.match(await failure({ awsIam: {} }), /^the AWS region is not in the name 'db1\.example'/)
    } finally {
      delete process.env.AWS_ACCESS_KEY_ID
      delete process.env.AWS_SECRET_ACCESS_KEY
    }
  })
})

describe('checkedCredential', () => {
  for (const [what, value, message] of [
    [
      'a bare password',
      'geheim',
      'x is no object: write one of { password: ... }, { file: ... }, { env: ... }, { command: ... }, { awsIam: ... }, { callback: ... }',
    ],
    ['nothing', {}, 'x needs exactly one of password, file, env, command, awsIam, callback'],
    ['two', { env: 'A', password: 'geheim' }, 'x needs exactly one of password, file, env, command, awsIam, callback'],
    ['a mistyped form', { pasword: 'geheim' }, "x: unknown key 'pasword'; did you mean 'password'?"],
    ['another word', { geheimnis: 'geheim' }, /^x: unknown key 'geheimnis': known are password, /],
    ['a number as password', { password: 5 }, 'x.password must be text without a NUL'],
    ['an empty path', { file: '' }, 'x.file must be the path of a file'],
    [
      'a command line',
      { command: 'pass show' },
      "x.command must be a list of a program and its arguments: ['program', '{user}']",
    ],
    ['no program', { command: [] }, /^x\.command must be a list/],
    ['a mistyped region', { awsIam: { regio: 'geheim' } }, "x.awsIam must be {} or { region: 'eu-west-1' }"],
    ['what cannot be called', { callback: 'geheim' }, 'x.callback must be a function'],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => checkedCredential(value, 'x'),
        (error: Error) => {
          assert.ok(error instanceof ConfigurationError)
          assert.doesNotMatch(error.message.replace('geheimnis', ''), /geheim/)
          typeof message === 'string' ? assert.equal(error.message, message) : assert.match(error.message, message)
          return true
        },
      )
    })
  }

  it('may be asked again about what it has checked, and still shows no password', () => {
    const twice = checkedCredential(checkedCredential({ password: 'geheim' }, 'x'), 'x')
    assert.doesNotMatch(`${inspect(twice)}${JSON.stringify(twice)}${credentialText(twice)}`, /geheim/)
    assert.deepEqual(twice, { password: 'geheim' })
  })
})
