/** The examination against front doors of this process. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer as createListener, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createSecureContext, TLSSocket } from 'node:tls'
import { withDoor } from '../../test/support/door.ts'
import type { ConnectOptions } from '../client/options.ts'
import { createServer } from '../index.ts'
import { capability } from '../packets/capabilities.ts'
import { encodeHandshakeV10 } from '../packets/handshake-v10.ts'
import type { FrontDoor } from '../server/front-door.ts'
import { encodeFrame } from '../wire/framer.ts'
import { examine, wayText } from './examine.ts'
import { personaOf, personas } from './personas/index.ts'
import type { Attempt } from './probe.ts'

const vectors = new URL('../../test/vectors/examine/', import.meta.url)

const oldGreeting = {
  serverVersion: '5.5.62',
  connectionId: 1,
  authPluginData: new Uint8Array(21).fill(0x41, 0, 20),
  capabilities: capability.LONG_PASSWORD | capability.PROTOCOL_41 | capability.SSL | capability.PLUGIN_AUTH,
  collationId: 8,
  statusFlags: 2,
  mariadbCapabilities: 0,
  authPluginName: 'mysql_native_password',
}

const socketPath = join(tmpdir(), `saltgate-examine-${process.pid}.sock`)
let door: FrontDoor
let app: ConnectOptions
let root: ConnectOptions

before(async () => {
  door = await createServer({
    accounts: [
      { user: 'root', host: '%', password: 'root-secret', privileges: new Set(['RELOAD']) },
      { user: 'app', host: '%', password: 'pw-app', failedLoginAttempts: 2, passwordLockTimeDays: -1 },
    ],
    listen: ['127.0.0.1:0', socketPath],
  })
  const [first] = door.listening
  assert.ok(first !== undefined && 'port' in first)
  app = { host: '127.0.0.1', port: first.port, user: 'app', password: 'pw-app' }
  root = { ...app, user: 'root', password: 'root-secret' }
})

after(() => door.close())

function as(...ids: readonly string[]) {
  return { personas: ids.map(personaOf) }
}

/** `in`, the server's error, or what it says. */
function results(attempts: readonly Attempt[]): Record<string, string> {
  const result = ({ says, seen }: Attempt) => (says === '' ? 'in' : String(seen.error?.code ?? says))
  return Object.fromEntries(attempts.map((one) => [`${one.persona} ${wayText(one)}`, result(one)]))
}

describe('examine', () => {
  it('tells which client gets in which way', async () => {
    const { probe, notes } = await examine(app, {
      ...as('mysql@9.7', 'node-mysql@2.18', 'pymysql@1.1.1'),
      coldBy: root,
    })
    assert.deepEqual([probe.failure, notes], [undefined, []])
    const insecure =
      "ERROR 2061 (HY000): Authentication plugin 'caching_sha2_password' reported error: Authentication requires secure connection."
    assert.deepEqual(results(probe.attempts), {
      'mysql@9.7 plain, cold': insecure,
      'mysql@9.7 plain, warm': 'in',
      'mysql@9.7 TLS, cold': 'in',
      'mysql@9.7 TLS, warm': 'in',
      'node-mysql@2.18 plain, cold': '1251',
      'node-mysql@2.18 plain, warm': '1251',
      'node-mysql@2.18 TLS, cold': '1251',
      'node-mysql@2.18 TLS, warm': '1251',
      'pymysql@1.1.1 plain, cold': 'in',
      'pymysql@1.1.1 plain, warm': 'in',
      'pymysql@1.1.1 TLS, cold': 'in',
      'pymysql@1.1.1 TLS, warm': 'in',
    })
  })

  it('sees inside the TLS of its own logins', async () => {
    const { probe } = await examine(app, { ...as('mysqlnd@8.2'), coldBy: root })
    const { seen } = probe.attempts.find(({ tls, cache }) => tls && cache === 'cold') as Attempt
    assert.deepEqual([seen.tls?.inside, seen.outcome], ['seen', 'ok'])
    assert.deepEqual(
      seen.packets.map(({ kind }) => kind),
      ['HandshakeV10', 'SslRequest', 'HandshakeResponse41', 'AuthMoreData', 'AuthAnswer', 'Ok', 'COM_QUIT'],
    )
    assert.deepEqual(
      seen.packets.flatMap(({ problem }) => problem ?? []),
      [],
    )
  })

  it('looks at times, greeting, versions of TLS and the certificate', async () => {
    const { probe } = await examine(app, as('mysql@9.7'))
    assert.equal(probe.greeting?.authPluginName, 'caching_sha2_password')
    assert.ok((probe.connectMs ?? -1) >= 0 && (probe.greetingMs ?? -1) >= 0)
    assert.deepEqual(Object.fromEntries(probe.tls?.versions ?? []), {
      'TLSv1.3': 'accepted',
      'TLSv1.2': 'accepted',
      'TLSv1.1': 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
      TLSv1: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    })
    assert.equal(probe.tls?.distrust, 'SELF_SIGNED_CERT_IN_CHAIN')
    const [own, authority] = probe.tls?.chain ?? []
    assert.equal(own?.issuer, authority?.subject)
    assert.match(own?.names ?? '', /IP Address:127\.0\.0\.1/)
    assert.deepEqual([own?.x509Version, own?.key], [3, 'ec prime256v1'])
    assert.ok((own?.validFromMs ?? 0) <= Date.now() && (own?.validToMs ?? 0) > Date.now())
    assert.equal(probe.names, undefined)
  })

  it('looks up a name, there and back', async () => {
    const { probe } = await examine({ ...app, host: 'localhost' }, as('mysql@9.7'))
    assert.ok(probe.names?.addresses.includes('127.0.0.1'))
    assert.deepEqual([...(probe.names?.reverse.keys() ?? [])], probe.names?.addresses)
  })

  it('lets no account be blocked: between two refusals it gets in itself', async () => {
    const leaky = personaOf('connector-python@26.7')
    const { probe } = await examine(
      { ...app, enableCleartextPlugin: true },
      { personas: [leaky, leaky, leaky], coldBy: root },
    )
    const refused = probe.attempts.filter(({ seen }) => seen.outcome === 'refused')
    assert.deepEqual(
      refused.map(({ seen }) => seen.error?.code),
      [1045, 1045, 1045],
    )
    assert.equal(probe.failure, undefined)
  })

  it('withholds what would give the password away, unless it is permitted', async () => {
    const { probe } = await examine(app, { ...as('connector-python@26.7'), coldBy: root })
    const [plain] = probe.attempts
    assert.match(plain?.says ?? '', /^\[withheld: it sends the password in clear/)
    assert.equal(
      plain?.seen.packets.some(({ payload }) => Buffer.from(payload).includes('pw-app')),
      false,
    )
  })

  it('tries a wrong password once, and no client', () =>
    withDoor({ accounts: [{ user: 'app', host: '%', password: 'pw-app' }] }, async ({ port, refusals }) => {
      const { probe } = await examine({ host: '127.0.0.1', port, user: 'app', password: 'wrong' }, { personas })
      assert.equal(probe.failure?.code, 1045)
      assert.deepEqual(probe.attempts, [])
      assert.equal(refusals.filter(({ error }) => error === 1045).length, 1)
    }))

  it('ends with the first refusal where it cannot get in itself', async () => {
    const { probe, notes } = await examine(
      { ...app, allowPlugins: ['mysql_native_password'] },
      as('mysql@9.7', 'node-mysql@2.18', 'mysql2@3.24'),
    )
    assert.deepEqual(
      probe.attempts.map(({ persona, cache }) => `${persona} ${cache}`),
      ['mysql@9.7 as-it-is', 'mysql@9.7 as-it-is', 'node-mysql@2.18 as-it-is'],
    )
    assert.equal(probe.failure?.code, 1251)
    assert.equal(notes.length, 2)
  })

  it('logs in only as the TLS mode permits', async () => {
    const required = await examine({ ...app, tls: { mode: 'REQUIRED' } }, as('mysql@9.7'))
    assert.deepEqual(results(required.probe.attempts), { 'mysql@9.7 TLS, warm': 'in' })
    assert.deepEqual(required.notes, ['no logins in clear: ssl-mode is REQUIRED, PREFERRED permits them'])
    const disabled = await examine({ ...app, tls: { mode: 'DISABLED' } }, as('mysql@9.7'))
    assert.deepEqual(results(disabled.probe.attempts), { 'mysql@9.7 plain, warm': 'in' })
    assert.equal(disabled.probe.tls, undefined)
    const verified = await examine({ ...app, tls: { mode: 'VERIFY_IDENTITY' } }, as('mysql@9.7'))
    assert.equal(verified.probe.failure?.code, 2026)
    assert.deepEqual(verified.probe.attempts, [])
  })

  it('comes in by a unix socket', async () => {
    const { host: _, port: __, ...rest } = app
    const { probe } = await examine({ ...rest, socketPath }, { ...as('mysql@9.7', 'go-sql-driver@1.10'), coldBy: root })
    assert.deepEqual(results(probe.attempts), {
      'mysql@9.7 plain, cold': 'in',
      'mysql@9.7 plain, warm': 'in',
      'go-sql-driver@1.10 plain, cold': 'in',
      'go-sql-driver@1.10 plain, warm': 'in',
    })
    assert.equal(probe.attempts[0]?.seen.channel, 'unix-socket')
  })

  it('says why nothing is cold', async () => {
    const { probe, notes } = await examine(app, { ...as('mysql@9.7'), coldBy: app })
    assert.match(notes[0] ?? '', /^no cold logins: .*RELOAD/)
    assert.deepEqual(
      probe.attempts.map(({ cache }) => cache),
      ['warm', 'warm'],
    )
  })

  it('ends when it is told to', async () => {
    const giveUp = new AbortController()
    const { probe, notes } = await examine(app, {
      ...as('mysql@9.7', 'mysql2@3.24'),
      signal: giveUp.signal,
      onStep: (doing) => /mysql2/.test(doing) && giveUp.abort(),
    })
    assert.deepEqual(
      probe.attempts.map(({ persona }) => persona),
      ['mysql@9.7', 'mysql@9.7', 'mysql2@3.24'],
    )
    assert.match(notes.join(), /interrupted/)
  })
})

describe('examine without a server of MySQL', () => {
  const servers: Server[] = []
  after(() => {
    for (const server of servers) server.close()
  })

  async function listening(onConnection: (socket: Socket) => void): Promise<ConnectOptions> {
    const server = createListener(onConnection)
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    return { ...app, port, connectTimeoutMs: 100 }
  }

  it('says who is there instead', async () => {
    const options = await listening((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const { probe } = await examine(options, { personas })
    assert.deepEqual([probe.greeting, probe.tls, probe.attempts], [undefined, undefined, []])
    assert.match(probe.failure?.login?.hint ?? '', /HTTP/)
  })

  it('waits for a silent one no longer than the deadline', async () => {
    const startedMs = performance.now()
    const { probe } = await examine(await listening(() => {}), { personas })
    assert.equal(probe.failure?.code, 2013)
    assert.ok(performance.now() - startedMs < 5000)
  })

  it('tells old versions of TLS from new ones, and a certificate of version 1', async () => {
    const secureContext = createSecureContext({
      key: readFileSync(new URL('x509-v1.key', vectors)),
      cert: readFileSync(new URL('x509-v1.pem', vectors)),
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT:@SECLEVEL=0',
    })
    const options = await listening((socket) => {
      socket.write(encodeFrame(encodeHandshakeV10(oldGreeting), 0))
      socket.once('data', (chunk: Buffer) => {
        socket.pause().unshift(chunk.subarray(4 + 32))
        new TLSSocket(socket, { isServer: true, secureContext }).on('error', () => {})
      })
      socket.on('error', () => {})
    })
    const { probe } = await examine({ ...options, connectTimeoutMs: 2000 }, { personas: [] })
    const versions = Object.fromEntries(probe.tls?.versions ?? [])
    assert.deepEqual([versions['TLSv1.1'], versions.TLSv1], ['accepted', 'accepted'])
    assert.match(`${versions['TLSv1.3']} ${versions['TLSv1.2']}`, /^ERR_SSL_\w+ ERR_SSL_\w+$/)
    assert.deepEqual(
      probe.tls?.chain.map(({ x509Version, subject }) => [x509Version, subject]),
      [[1, 'CN=old']],
    )
  })

  it('says that nobody is there', async () => {
    const { probe } = await examine({ ...app, port: 1 }, { personas })
    assert.deepEqual([probe.failure?.code, probe.connectMs], [2003, undefined])
  })
})
