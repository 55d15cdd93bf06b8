/**
 * Our own client against real servers where a table does not fit: the certificates that servers make for themselves, and a PAM
 * conversation of more than one question.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createConnection } from 'mysql2/promise'
import type { Question } from '../../src/auth/plugin.ts'
import { connect } from '../../src/client/connect.ts'
import type { ClientTlsOptions, ConnectOptions, TlsMode } from '../../src/client/options.ts'
import { MysqlError } from '../../src/errors/errors.ts'
import { makeCertificates } from '../../src/server/self-made-certificate.ts'
import { installed, type Peer } from './install.ts'
import { pamServiceOfTwoQuestions } from './pam.ts'
import { type RunningServer, startMariadbd, startMysqld } from './servers.ts'

/** Declares the tests. */
export function testOurClientsCases(peers: readonly Peer[]): void {
  testMysqldsCertificate(peers)
  testMariadbsCertificate(peers)
  testConversation(peers)
}

function testMysqldsCertificate(peers: readonly Peer[]): void {
  const mysqld = installed(peers, 'mysqld')
  describe('our client and the certificate that mysqld makes', { skip: !mysqld && 'MISSING: mysqld' }, () => {
    const server = startBefore(() => startMysqld(peers, mysqld!), ["CREATE USER 'u'@'%' IDENTIFIED BY 'pw-right'"])
    const over = (tls: ClientTlsOptions) => enter(server(), { user: 'u', password: 'pw-right', tls })

    test('takes it as that of its authority', async () => {
      assert.equal(await over({ mode: 'VERIFY_CA', ca: server().ca! }), 'authority')
    })

    test('asks for no proof below VERIFY_CA', async () => {
      for (const mode of ['PREFERRED', 'REQUIRED'] as const) assert.equal(await over({ mode }), 'none')
    })

    test('refuses it as that of a host, whose name it does not hold', async () => {
      assert.equal(await over({ mode: 'VERIFY_IDENTITY', ca: server().ca! }), 'CR_SSL_CONNECTION_ERROR')
    })

    test('refuses it when another authority is asked for', async () => {
      const { caCert } = await makeCertificates('elsewhere', Date.now())
      assert.equal(await over({ mode: 'VERIFY_CA', ca: caCert }), 'CR_SSL_CONNECTION_ERROR')
      assert.equal(await over({ mode: 'VERIFY_CA' }), 'CR_SSL_CONNECTION_ERROR')
    })
  })
}

function testMariadbsCertificate(peers: readonly Peer[]): void {
  const mariadbd = installed(peers, 'mariadbd 11.8')
  describe('our client and the certificate that MariaDB makes', { skip: !mariadbd && 'MISSING: mariadbd 11.8' }, () => {
    const proving = ['mysql_native_password', 'ed25519', 'parsec']
    const accounts = [...proving, 'caching_sha2_password'].map(
      (plugin) => `CREATE USER '${plugin}'@'%' IDENTIFIED VIA ${plugin} USING PASSWORD('pw-right')`,
    )
    const settings = ['--plugin-load-add=auth_mysql_sha2;auth_ed25519;auth_parsec']
    const server = startBefore(() => startMariadbd(peers, mariadbd!, settings), accounts)
    // A name for each user: a session that is resumed is proven already.
    const over = (mode: TlsMode, user: string, password = 'pw-right', onStep?: ConnectOptions['onStep']) =>
      enter(server(), { user, password, tls: { mode, serverName: `${user}.test` }, ...(onStep && { onStep }) })

    for (const mode of ['VERIFY_CA', 'VERIFY_IDENTITY'] as const) {
      for (const plugin of proving) {
        test(`takes it under ${mode} when ${plugin} proves it by the password`, async () => {
          assert.equal(await over(mode, plugin, 'pw-wrong'), 'ER_ACCESS_DENIED_ERROR')
          const seen: unknown[] = []
          const trust = await over(mode, plugin, 'pw-right', (step) => {
            if (step.is === 'tls-established') seen.push(step.trust)
            if (step.is === 'ok') seen.push(step.certificateProven)
          })
          assert.deepEqual([...seen, trust], ['by-password', true, 'identity'])
        })
      }

      test(`sends no password that could not prove it under ${mode}`, async () => {
        assert.equal(await over(mode, 'caching_sha2_password'), 'CR_AUTH_PLUGIN_ERR')
      })
    }

    test('asks for no proof below VERIFY_CA', async () => {
      assert.equal(await over('REQUIRED', 'caching_sha2_password'), 'none')
    })

    test("does not take one account's proof for another's: not in a resumed session, nor in COM_CHANGE_USER", async () => {
      const { port } = server()
      const tls = { mode: 'VERIFY_IDENTITY', serverName: 'shared.test' } as const
      const options = { host: '127.0.0.1', port, user: 'ed25519', password: 'pw-right', tls }
      const connection = await connect(options)
      const resumed: boolean[] = []
      const onStep: ConnectOptions['onStep'] = (step) => {
        if (step.is === 'tls-established') resumed.push(step.reused)
      }
      const other = { user: 'caching_sha2_password', password: 'pw-right' }
      await assert.rejects(connect({ ...options, ...other, onStep }), { symbol: 'CR_AUTH_PLUGIN_ERR' })
      assert.deepEqual(resumed, [false])
      await assert.rejects(connection.changeUser(other), { symbol: 'CR_AUTH_PLUGIN_ERR' })
      await connection.closed
      const again = await connect(options)
      await again.changeUser({ user: 'parsec', password: 'pw-right' })
      assert.equal(again.peer?.trust, 'identity')
      await again.close()
    })
  })

  const old = installed(peers, 'mariadbd')
  describe('our client and MariaDB without a certificate', { skip: !old && 'MISSING: mariadbd' }, () => {
    const server = startBefore(() => startMariadbd(peers, old!), ["CREATE USER 'u'@'%' IDENTIFIED BY 'pw-right'"])

    test('goes without TLS only where that is allowed', async () => {
      const over = (mode: TlsMode) => enter(server(), { user: 'u', password: 'pw-right', tls: { mode } })
      assert.equal(await over('PREFERRED'), 'no TLS')
      for (const mode of ['REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'] as const) {
        assert.equal(await over(mode), 'CR_SSL_CONNECTION_ERROR')
      }
    })
  })
}

function testConversation(peers: readonly Peer[]): void {
  const mariadbd = installed(peers, 'mariadbd 11.8')
  describe('our client and two questions of PAM', { skip: !mariadbd && 'MISSING: mariadbd 11.8' }, () => {
    const server = startBefore(
      () => startMariadbd(peers, mariadbd!, ['--plugin-load-add=auth_pam']),
      [`CREATE USER 'two'@'%' IDENTIFIED VIA pam USING '${pamServiceOfTwoQuestions}'`],
    )
    const overSocket = { user: 'two', enableCleartextPlugin: true }

    test('answers the first by the password, and asks for the second', async () => {
      const asked: Question[] = []
      const prompt = (question: Question) => {
        asked.push(question)
        return 'me@example.com'
      }
      const { socket: socketPath } = server()
      await using connection = await connect({ ...overSocket, socketPath, password: 'pw-right', prompt })
      assert.deepEqual((await connection.query('SELECT CURRENT_USER() AS who')).rows, [{ who: 'two@%' }])
      assert.equal(asked.length, 1)
      assert.match(asked[0]!.ask, /complete e-mail address as password/)
      assert.equal(asked[0]!.echo, false)
    })

    test('asks for both without a password', async () => {
      const answers = ['pw-right', 'me@example.com']
      const prompt = () => answers.shift() ?? ''
      await using connection = await connect({ ...overSocket, socketPath: server().socket, prompt })
      assert.deepEqual((await connection.query('SELECT CURRENT_USER() AS who')).rows, [{ who: 'two@%' }])
      assert.deepEqual(answers, [])
    })

    test('ends the login when nobody answers the second', async () => {
      const outcome = await outcomeOf({ ...overSocket, socketPath: server().socket, password: 'pw-right' })
      assert.equal(outcome, 'CR_AUTH_PLUGIN_ERR')
    })
  })
}

/** Starts a server before the tests of a suite, with these accounts, and ends it after them. */
function startBefore(start: () => Promise<RunningServer>, accounts: readonly string[]): () => RunningServer {
  let server: RunningServer | undefined
  before(async () => {
    server = await start()
    const administrator = await createConnection({ socketPath: server.socket, user: 'root' })
    for (const sql of accounts) await administrator.query(sql)
    await administrator.end()
  })
  after(() => server?.stop())
  return () => server!
}

function enter({ host, port }: RunningServer, options: ConnectOptions): Promise<string> {
  return outcomeOf({ host, port, getServerPublicKey: true, ...options })
}

/** How far the server was proven when the login succeeded, or the symbol of the error. */
async function outcomeOf(options: ConnectOptions): Promise<string> {
  try {
    await using connection = await connect(options)
    await connection.ping()
    return connection.peer?.trust ?? 'no TLS'
  } catch (error) {
    assert(error instanceof MysqlError, String(error))
    return error.symbol
  }
}
