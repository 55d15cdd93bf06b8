/** Clients that do each thing wrong, over real sockets, and what the door says of them afterwards. */
import assert from 'node:assert/strict'
import { constants, publicEncrypt } from 'node:crypto'
import { after, before, describe, it, mock } from 'node:test'
import { block, bytes, int, nul, zeros } from '../../test/support/bytes.ts'
import { openDoor, type TestDoor, until } from '../../test/support/door.ts'
import { RawClient } from '../../test/support/raw-client.ts'
import {
  type Bytes,
  type WrongClient as Client,
  digest,
  knock,
  native,
  sha2,
  utf8,
  withNul,
  xor,
} from '../../test/support/wrong-client.ts'

const accounts = [
  { user: 'nat', host: 'localhost', plugin: 'mysql_native_password', password: 'pw-nat+ä' },
  { user: 'sha', host: 'localhost', plugin: 'caching_sha2_password', password: 'pw-sha+ä long enough for 20' },
  { user: 'cold', host: 'localhost', plugin: 'caching_sha2_password', password: 'pw-sha+ä long enough for 20' },
  { user: 'shb', host: 'localhost', plugin: 'sha256_password', password: 'pw-shb' },
  { user: 'rows', host: 'localhost', plugin: 'caching_sha2_password', password: 'another' },
  { user: 'rows', host: '%', plugin: 'caching_sha2_password', password: 'pw-rows here' },
  { user: 'none', host: 'localhost', plugin: 'mysql_native_password' },
  // Hides dup@% from clients on this machine.
  { user: '', host: 'localhost', plugin: 'mysql_native_password', password: 'anonymous' },
  { user: 'dup', host: '%', plugin: 'mysql_native_password', password: 'pw-dup' },
  { user: 'far', host: '10.0.0.1', plugin: 'mysql_native_password', password: 'pw-far' },
]
const pw = { nat: utf8('pw-nat+ä'), sha: utf8('pw-sha+ä long enough for 20') }
const rsa = (key: string, text: Bytes) =>
  publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, text)

/** Wrong logins, and what is to be said of them. */
const cases: readonly [name: string, client: Client, clause: string][] = [
  [
    '21 bytes of nonce, native',
    { user: 'nat', answer: (nonce) => native(pw.nat, withNul(nonce)) },
    'hashed 21 bytes of the 20-byte nonce (the NUL behind it too)',
  ],
  [
    '8 bytes of nonce',
    { user: 'nat', answer: (nonce) => native(pw.nat, nonce.subarray(0, 8)) },
    'hashed only the first 8 bytes of the nonce',
  ],
  [
    '19 bytes of nonce',
    { user: 'nat', answer: (nonce) => native(pw.nat, nonce.subarray(0, 19)) },
    'hashed only the first 19 bytes of the nonce',
  ],
  [
    "the greeting's nonce after a switch",
    { user: 'nat', answer: (_, greeting) => native(pw.nat, greeting) },
    'hashed the nonce of the greeting instead of the one that it was last given',
  ],
  [
    'the wrong order, native',
    { user: 'nat', answer: (nonce) => native(pw.nat, nonce, true) },
    'mixed nonce and digest in the wrong order',
  ],
  ['no nonce', { user: 'nat', answer: () => native(pw.nat, new Uint8Array(0)) }, 'hashed no nonce at all'],
  [
    'the password in clear for native',
    { user: 'nat', answer: () => withNul(pw.nat) },
    'sent the password in clear where that was not asked for',
  ],
  [
    'a NUL behind the scramble',
    { user: 'nat', answer: (nonce) => withNul(native(pw.nat, nonce)) },
    'sent a NUL behind the scramble',
  ],
  [
    'an empty password, hashed',
    { user: 'none', answer: (nonce) => native(utf8(''), nonce) },
    'computed a scramble of no password instead of sending nothing',
  ],
  [
    'the user name',
    { user: 'nat', answer: (nonce) => native(utf8('nat'), nonce) },
    'gave the user name as the password',
  ],
  [
    'the stored hash',
    {
      user: 'nat',
      answer: (nonce) =>
        native(
          utf8(
            `*${digest('sha1', digest('sha1', pw.nat))
              .reduce((t, b) => t + b.toString(16).padStart(2, '0'), '')
              .toUpperCase()}`,
          ),
          nonce,
        ),
    },
    'gave the stored hash as the password',
  ],
]

/** Full authentications that are refused: what was sent in the place of the password. */
const sent: readonly [name: string, text: Bytes, clause: string][] = [
  ['a newline', utf8('pw-sha+ä long enough for 20\n'), 'has a newline behind the password'],
  [
    'a carriage return',
    utf8('pw-sha+ä long enough for 20\r\n'),
    'has a carriage return and a newline behind the password',
  ],
  ['percent-encoding', utf8(encodeURIComponent('pw-sha+ä long enough for 20')), 'percent-encoded the password'],
  ['latin-1', Buffer.from('pw-sha+ä long enough for 20', 'latin1'), 'sent the password in latin-1 instead of UTF-8'],
  ['twice encoded UTF-8', utf8('pw-sha+Ã¤ long enough for 20'), 'encoded the password in UTF-8 twice'],
  ['Caps Lock', utf8('PW-SHA+Ä LONG ENOUGH FOR 20'), 'swapped the case of the password (Caps Lock)'],
  ['quotes', utf8('"pw-sha+ä long enough for 20"'), 'has the password in double quotes'],
  ['the password twice', utf8('pw-sha+ä long enough for 20'.repeat(2)), 'has the password twice'],
  ['the user name', utf8('cold'), 'gave the user name as the password'],
]

const wrong = (nonce: Bytes) => sha2(utf8('wrong'), nonce)
const asked = 'caching_sha2_password'
const inRsa: readonly [name: string, full: NonNullable<Client['full']>, clause: string][] = [
  [
    "the greeting's nonce as mask",
    (_, greeting, key) => rsa(key, xor(withNul(pw.sha), greeting)),
    'masked the password with the nonce of the greeting instead of the one that it was last given',
  ],
  [
    'a mask of 21 bytes',
    (nonce, _, key) => rsa(key, xor(withNul(pw.sha), withNul(nonce))),
    'masked the password with 21 bytes of the 20-byte nonce (the NUL behind it too)',
  ],
  ['no mask', (_n, _g, key) => rsa(key, withNul(pw.sha)), 'did not mask the password inside RSA with the nonce'],
  [
    'a mask that does not repeat',
    (nonce, _, key) => rsa(key, Uint8Array.of(...xor(pw.sha.subarray(0, 20), nonce), ...pw.sha.subarray(20), 0)),
    'masked only as many bytes of the password as the nonce has',
  ],
  ['no NUL', (nonce, _, key) => rsa(key, xor(pw.sha, nonce)), 'left out the NUL behind the password'],
  [
    'a newline',
    (nonce, _, key) => rsa(key, xor(Uint8Array.of(...pw.sha, 10, 0), nonce)),
    'has a newline behind the password',
  ],
]

describe('a login that cannot prove its password', () => {
  let server: TestDoor
  let ended = 0
  before(async () => {
    server = await openDoor({ accounts, settings: { saltgate_near_proofs: 1000 } })
    // A time of its own for each login: they are all of the same few accounts.
    let now = Date.now()
    server.door.now = () => (now += 1000)
  })
  after(() => server.close())

  /** What the history says of the latest login, once it is known. */
  async function explained(client: Client, outcome: 'ok' | 1043 | 1045): Promise<string | undefined> {
    const { status } = server.door.registry
    const before = status.Saltgate_near_proofs
    assert.equal(await knock(server, client), outcome)
    await until(() => status.Saltgate_near_proofs > before, 'the proof is explained')
    assert.equal(server.door.registry.history().length, ++ended)
    return server.door.registry.history().at(-1)?.detail
  }

  for (const [name, client, clause] of cases) {
    it(`is told from others: ${name}`, async () => {
      const detail = await explained(client, /in clear|a NUL behind/.test(clause) ? 1043 : 1045)
      assert.equal(detail, `the client ${clause}`)
    })
  }

  it('is told from others: another row would have matched', async () => {
    const hidden = await explained({ user: 'dup', answer: (nonce) => native(utf8('pw-dup'), nonce) }, 1045)
    assert.equal(hidden, "right password for 'dup'@'%', but the row chosen was ''@'localhost'")
    const far = await explained({ user: 'far', answer: (nonce) => native(utf8('pw-far'), nonce) }, 1045)
    assert.equal(far, "right password for 'far'@'10.0.0.1', but the row chosen was ''@'localhost'")
  })

  it('is told from others: another row has the password that was sent, or that is remembered', async () => {
    const full = () => withNul(utf8('pw-rows here'))
    const here = { user: 'rows', plugin: asked, answer: wrong, full, via: 'unix-socket' } as const
    assert.equal(
      await explained(here, 1045),
      "right password for 'rows'@'%', but the row chosen was 'rows'@'localhost'",
    )
    const elsewhere = server.door.realm.accounts.read?.('rows', '%')
    assert.ok(elsewhere !== undefined)
    server.door.realm.fastDigests.learn(elsewhere, 0, digest('sha256', digest('sha256', utf8('pw-rows here'))))
    const key = {
      ...here,
      answer: (nonce: Bytes) => sha2(utf8('pw-rows here'), nonce),
      full: () => withNul(utf8('no')),
    }
    assert.equal(await explained(key, 1045), "right password for 'rows'@'%', but the row chosen was 'rows'@'localhost'")
  })

  it('is told from others in a change of user', async () => {
    const client = await RawClient.connect({ port: server.port })
    const before = server.door.registry.status.Saltgate_near_proofs
    await client.login({ user: 'nat', password: 'pw-nat+ä' })
    client.send(bytes([17], nul('nat'), block(zeros(0)), nul(''), int(45, 2), nul('mysql_native_password')), 0)
    const { payload, sequenceId } = await client.packet()
    const at = payload.indexOf(0, 1) + 1
    client.send(native(pw.nat, withNul(payload.subarray(at, at + 20))), sequenceId + 1)
    assert.equal((await client.error()).code, 1045)
    client.destroy()
    await until(() => server.door.registry.status.Saltgate_near_proofs > before, 'the proof is explained')
    ended += 2
    const said = 'the client hashed 21 bytes of the 20-byte nonce (the NUL behind it too)'
    assert.equal(server.door.registry.history().at(-1)?.detail, said)
  })

  for (const [name, text, clause] of sent) {
    for (const via of ['unix-socket', 'tls', 'plaintext'] as const) {
      it(`is told from others in full authentication, ${via}: ${name}`, async () => {
        const full: Client['full'] = (nonce, _, key) =>
          via === 'plaintext' ? rsa(key, xor(withNul(text), nonce)) : withNul(text)
        const detail = await explained({ user: 'cold', plugin: asked, answer: wrong, full, via }, 1045)
        assert.equal(detail, `the client ${clause}`)
      })
    }
  }

  for (const [name, full, clause] of inRsa) {
    it(`is told from others inside RSA: ${name}`, async () => {
      const detail = await explained({ user: 'cold', plugin: 'mysql_native_password', answer: wrong, full }, 1045)
      assert.equal(detail?.replace(/^.*: (?=the client)/, ''), `the client ${clause}`)
    })
  }

  it('is told from others: the key is asked for where the password is expected', async () => {
    const full = () => Uint8Array.of(2)
    const detail = await explained({ user: 'cold', plugin: asked, answer: wrong, full, via: 'tls' }, 1045)
    const clause = /the client asked for the server's RSA key where a password in clear was expected$/
    assert.match(detail ?? '', clause)
    assert.match((await explained({ user: 'shb', answer: () => Uint8Array.of(1), via: 'tls' }, 1045)) ?? '', clause)
  })

  it('is told from others: the password in clear where it is to be sealed', async () => {
    const client = { user: 'cold', plugin: asked, answer: wrong, withoutKey: true, full: () => withNul(pw.sha) }
    assert.equal(await explained(client, 1045), 'the client sent the password in clear where that was not asked for')
    const instead = { user: 'cold', plugin: asked, answer: () => withNul(pw.sha) }
    assert.equal(await explained(instead, 1045), 'the client sent the password in clear where that was not asked for')
  })

  it('is told from others: no NUL behind a password in clear', async () => {
    const client = { user: 'cold', plugin: asked, answer: wrong, full: () => pw.sha, via: 'unix-socket' } as const
    assert.equal(
      await explained(client, 1045),
      'has no NUL at its end: the client left out the NUL behind the password',
    )
  })

  it('is told from others though it gets in: full authentication only because the scramble was wrong', async () => {
    const full = () => withNul(pw.sha)
    for (const plugin of [asked, 'mysql_native_password']) {
      const client = {
        user: 'sha',
        plugin,
        answer: (nonce: Bytes) => sha2(pw.sha, withNul(nonce)),
        full,
        via: 'unix-socket',
      } as const
      assert.equal(
        await explained(client, 'ok'),
        'the client hashed 21 bytes of the 20-byte nonce (the NUL behind it too)',
      )
    }
    const reversed = {
      user: 'sha',
      plugin: asked,
      answer: (nonce: Bytes) => sha2(pw.sha, nonce, true),
      full,
      via: 'tls',
    } as const
    assert.equal(await explained(reversed, 'ok'), 'the client mixed nonce and digest in the wrong order')
    assert.equal(server.door.registry.history().at(-1)?.outcome, 'admitted')
  })

  it('is told from others by what is remembered of the password, too', async () => {
    const full = (nonce: Bytes, _: Bytes, key: string) => rsa(key, xor(withNul(utf8('wrong')), nonce))
    const client = { user: 'sha', plugin: asked, answer: (nonce: Bytes) => sha2(pw.sha, nonce.subarray(0, 8)), full }
    assert.equal(await explained(client, 1045), 'the client hashed only the first 8 bytes of the nonce')
  })

  it('is counted, and said in the log, and what was tried is in neither', async () => {
    const said: string[] = []
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      mock.method(server.door.log, level, (facts: object, message: string) =>
        said.push(`${message} ${JSON.stringify(facts)}`),
      )
    }
    const answer = (nonce: Bytes) => sha2(utf8('WRONG-canary'), nonce)
    for (const text of ['PW-SHA+Ä LONG ENOUGH FOR 20', 'pw-sha+ä long enough for 20 ']) {
      const full = () => withNul(utf8(text))
      await explained({ user: 'cold', plugin: asked, answer, full, via: 'unix-socket' }, 1045)
    }
    mock.restoreAll()
    const shown = JSON.stringify([said, server.door.registry.history(), server.refusals, server.errors])
    assert.equal(said.filter((line) => line.startsWith('explained ')).length, 2)
    assert.match(shown, /swapped the case/)
    for (const secret of [/pw-sha/i, /canary/i, /enough for/i]) assert.doesNotMatch(shown, secret)
    for (const form of ['hex', 'base64'] as const) assert.ok(!shown.includes(Buffer.from(pw.sha).toString(form)))
    assert.deepEqual(server.errors, [])
  })
})
