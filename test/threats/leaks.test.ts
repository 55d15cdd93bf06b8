/** Threats to secrets at rest, in logs and in what others may look at; and to the process by crafted texts. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import { visible } from '../../src/cli/visible.ts'
import { redactPasswords } from '../../src/console/account-sql/redact.ts'
import { createConsole } from '../../src/console/console.ts'
import { ConfigurationError } from '../../src/errors/errors.ts'
import { countPlaceholders } from '../../src/server/placeholders.ts'
import { Settings } from '../../src/server/settings.ts'
import { bytes } from '../support/bytes.ts'
import { timed } from './measure.ts'
import { everyPlugin, openDoor, until } from './open-door.ts'
import { type Credentials, command, Stranger } from './stranger.ts'

const canaries = [
  'kanarienvogel',
  'quote\'d"canary',
  'canary-🐤-émoji',
  'Y2FuYXJ5LWluLWJhc2U2NA==',
  '%s%n$canary{}',
  'canary; DROP',
]

/** The forms in which a secret could show. */
function formsOf(secret: string): string[] {
  const raw = Buffer.from(secret)
  const hash = (name: string, data: Uint8Array) => createHash(name).update(data).digest()
  const digests = ['sha1', 'sha256'].flatMap((name) => [hash(name, raw), hash(name, hash(name, raw))])
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    raw.toString('hex'),
    raw.toString('base64'),
    ...digests.flatMap((digest) => [
      digest.toString('hex'),
      digest.toString('hex').toUpperCase(),
      digest.toString('base64'),
    ]),
  ]
}

function assertAbsent(secrets: readonly string[], text: string, where: string): void {
  for (const secret of secrets) {
    for (const form of formsOf(secret)) assert.ok(!text.includes(form), `${where} holds ${form}`)
  }
}

describe('secrets', () => {
  it('T64 T05 are in no log line, history, process list or error, whatever becomes of the login or statement', async (t) => {
    const accounts = new MemoryAccounts([
      ...everyPlugin,
      ...canaries.flatMap((password, i) =>
        ['mysql_native_password', 'caching_sha2_password', 'sha256_password', 'mysql_clear_password'].map(
          (plugin, p) => ({
            user: `u${i}p${p}`,
            plugin,
            password,
          }),
        ),
      ),
    ])
    const { port, door, log } = await openDoor(t, {
      accounts,
      settings: { saltgate_allow_clear_password: true, saltgate_logins_logged: 1_000_000 },
      handler: (opened) => {
        const { onQuery, close } = createConsole(opened)
        t.after(close)
        return onQuery
      },
      redact: redactPasswords,
    })
    const root = await Stranger.loggedIn(port, { user: 'root', password: 'pw-root' })
    const shown: string[] = []
    const look = async () => {
      root.send(bytes([command.query], Buffer.from('SHOW FULL PROCESSLIST')), 0)
      for (let more = await root.packet(); more !== undefined; more = await root.packet()) {
        shown.push(more.payload.toString('latin1'))
        if (more.payload[0] === 0xfe || more.payload[0] === 0xff) break
      }
      shown.push(inspect([...door.registry.live.values()], { depth: 6 }))
    }
    const answers: string[] = []
    for (const [i, password] of canaries.entries()) {
      for (const p of [0, 1, 2, 3]) {
        for (const tls of [false, true]) {
          const ways: readonly Credentials[] = [
            { user: `u${i}p${p}`, password },
            { user: 'nobody', password },
            { user: 'root', password },
            { user: `u${i}p${p}`, password, database: 'd'.repeat(70) },
            { user: `u${i}p${p}`, password, forge: (proof) => proof.subarray(1) },
          ]
          for (const way of ways) {
            const stranger = await Stranger.greeted(port)
            if (tls) await stranger.startTls()
            answers.push(JSON.stringify(await stranger.login(way)))
            stranger.destroy()
          }
        }
      }
      const quoted = password.replaceAll("'", "''")
      for (const sql of [
        `CREATE USER new${i} IDENTIFIED BY '${quoted}'`,
        `ALTER USER new${i} IDENTIFIED BY '${quoted}' RETAIN CURRENT PASSWORD`,
        `SET PASSWORD FOR new${i} = '${quoted}'`,
        `ALTER USER nobody${i} IDENTIFIED BY '${quoted}'`,
        `CREATE USER IDENTIFIED BY '${quoted}'`,
        `ALTER USER u IDENTIFIED BY '${quoted}' oops`,
      ]) {
        const session = await Stranger.loggedIn(port, { user: 'root', password: 'pw-root' })
        session.send(bytes([command.query], Buffer.from(sql)), 0)
        await look()
        const answer = await session.packet()
        // MySQL quotes the rest of a statement with an error in it to whoever wrote it: that is their own password.
        if (answer?.payload.includes('error in your SQL syntax') !== true) answers.push(String(answer?.payload))
        session.destroy()
      }
      const changer = await Stranger.loggedIn(port, { user: 'native', password: 'pw-native' })
      answers.push(JSON.stringify(await changer.changeUser({ user: `u${i}p0`, password })))
      changer.destroy()
    }
    root.destroy()
    await until(() => door.registry.live.size === 0, 'all are gone')
    assertAbsent(canaries, log.join('\n'), 'the log')
    assertAbsent(canaries, shown.join('\n'), 'the process list')
    assertAbsent(canaries, answers.join('\n'), 'an answer')
    assertAbsent(canaries, inspect(door.registry.history(), { depth: 8, maxArrayLength: null }), 'the history')
    assert.ok(log.length > 200 && shown.length > 100, 'there was something to look at')
  })

  it('T64 are in no inspection of the door or of its errors', async (t) => {
    const { port, door, front } = await openDoor(t, { accounts: everyPlugin })
    const session = await Stranger.loggedIn(port, { user: 'sha2', password: 'pw-sha2' })
    const text = inspect([front, door], { depth: 12, showHidden: true, maxArrayLength: null, maxStringLength: null })
    assertAbsent(['pw-sha2'], text, 'the door')
    assert.ok(!text.includes('PRIVATE KEY'), 'the door shows its private key')
    session.destroy()
  })

  it('T05 the plugin of the greeting and of new accounts is not the one whose proofs give the password away', () => {
    assert.equal(new Settings().get('default_authentication_plugin'), 'caching_sha2_password')
    assert.equal(new MemoryAccounts([{ user: 'u', password: 'x' }]).read('u', '%')?.plugin, 'caching_sha2_password')
  })
})

describe('crafted texts', () => {
  it('T63 with control characters reach neither a terminal nor a second line of the log', async (t) => {
    const { port, log } = await openDoor(t, { accounts: everyPlugin })
    const evil = '\u001b[2Jroot\r\n{"level":30}\u009b31m\u202egnp.exe\u0007\u200b\u2066'
    const stranger = await Stranger.greeted(port)
    await stranger.login({ user: evil, password: 'x', database: evil, attributes: { [evil]: evil } })
    stranger.destroy()
    await until(() => log.length > 0, 'it is logged')
    for (const line of log)
      assert.ok(
        [...line].every((character) => character >= ' '),
        line,
      )
    assert.doesNotMatch(visible(evil), /\p{C}/u)
    assert.match(visible(evil), /root/)
  })

  it('T71 of 64 KiB as names, and of 256 KiB as SQL, take no longer than their length', async (t) => {
    const { port } = await openDoor(t, { accounts: [{ user: 'u', host: '%.%.%a%', password: 'x' }, ...everyPlugin] })
    for (const user of ['a', '%', '_', "'", '\\', '.', 'a.', '%a', ' ', '\u00e9', '(a+)+']) {
      const stranger = await Stranger.greeted(port)
      const name = user.repeat(Math.floor(30_000 / Buffer.byteLength(user)))
      const took = await timed(() => stranger.login({ user: name, password: 'x', database: name }))
      assert.ok(took < 1000, `a name of ${user}: ${took.toFixed(0)} ms`)
      stranger.destroy()
    }
    const heads = ['', "ALTER USER u IDENTIFIED BY '", 'SET PASSWORD = ', '/* ', 'SELECT password ']
    for (const piece of [
      "'",
      '"',
      '`',
      '/*',
      '*/',
      '-- ',
      '#',
      '\\',
      "\\'",
      '((',
      "''",
      'passw ',
      'identified ',
      '? ',
      '@',
      "'a'@",
    ]) {
      for (const head of heads) {
        const sql = head + piece.repeat(Math.floor(262_144 / piece.length))
        const took = await timed(async () => {
          redactPasswords(sql)
          countPlaceholders(sql)
        })
        assert.ok(took < 1500, `${head}${piece}...: ${took.toFixed(0)} ms`)
      }
    }
  })

  it('T72 named __proto__ and constructor configure and pollute nothing', async (t) => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const crafted = JSON.parse(`{"${name}":{"require_secure_transport":"off"}}`)
      assert.throws(() => new Settings(crafted), ConfigurationError, name)
      assert.throws(() => new MemoryAccounts([{ user: 'u', plugin: name }]), ConfigurationError, name)
    }
    const { port } = await openDoor(t, { accounts: everyPlugin })
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      for (const credentials of [
        { user: name, password: 'x' },
        {
          user: 'root',
          password: 'pw-root',
          plugin: name,
          database: name,
          attributes: { [`${name}`]: 'tls', [name]: 'off' },
        },
      ]) {
        const stranger = await Stranger.greeted(port)
        const verdict = await stranger.login(credentials)
        assert.equal(verdict.ok, credentials.user === 'root', `${name} ${JSON.stringify(verdict)}`)
        stranger.destroy()
      }
    }
    assert.deepEqual(Object.keys(Object.prototype), [])
    assert.equal(({} as { tls?: string }).tls, undefined)
  })
})
