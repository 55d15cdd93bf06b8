/** Logins that fail without anybody's malice: what the error and its hint say of real refusals, of real sockets and a real door. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { MysqlError } from '../../src/errors/errors.ts'
import { openDoor, type TestDoor } from '../support/door.ts'

const password = 'right'

async function failureOf(options: ConnectOptions): Promise<MysqlError> {
  try {
    const connection = await connect({ host: '127.0.0.1', ...options })
    connection.destroy()
  } catch (error) {
    if (error instanceof MysqlError) return error
    throw error
  }
  return assert.fail('it is in')
}

describe('where nobody listens', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'saltgate-nobody-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('a port is 2003, and the hint asks for the server and the port', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const { code, phase, message, login } = await failureOf({ port })
    assert.deepEqual({ code, phase }, { code: 2003, phase: 'dial' })
    assert.match(message, /^Can't connect to MySQL server on '127\.0\.0\.1:\d+' \(ECONNREFUSED\)$/)
    assert.match(login?.hint ?? '', new RegExp(`Nothing listens at 127\\.0\\.0\\.1:${port}`))
  })

  it('a path is 2002, and the hint asks for the path', async () => {
    const { code, login } = await failureOf({ socketPath: join(folder, 'none.sock') })
    assert.equal(code, 2002)
    assert.match(login?.hint ?? '', /no socket at this path/)
  })
})

describe('where a door refuses', () => {
  let server: TestDoor
  before(async () => {
    server = await openDoor({
      accounts: [
        { user: 'native', plugin: 'mysql_native_password', password },
        { user: 'cold', password },
        { user: 'locked', plugin: 'mysql_native_password', password, locked: true },
      ],
      settings: { max_connect_errors: 1_000_000 },
    })
  })
  after(() => server.close())

  const inClear = { mode: 'DISABLED' } as const
  const refusals: Readonly<Record<string, readonly [ConnectOptions, number, RegExp]>> = {
    'a wrong password over TLS': [{ user: 'native', password: 'wrong' }, 1045, /two accounts/],
    'a wrong password in clear': [{ user: 'native', password: 'wrong', tls: inClear }, 1045, /--ssl-mode=REQUIRED/],
    'no password': [{ user: 'native' }, 1045, /saw no password/],
    'a locked account': [{ user: 'locked', password }, 3118, /ACCOUNT UNLOCK/],
    'an unknown database': [{ user: 'native', password, database: 'none' }, 1044, /User and password are right/],
    'full authentication in clear': [{ user: 'cold', password, tls: inClear }, 2061, /--get-server-public-key/],
    'a certificate of its own': [
      { user: 'native', password, tls: { mode: 'VERIFY_IDENTITY' } },
      2026,
      /--ssl-ca.*--ssl-mode=REQUIRED/,
    ],
    'another name than in the certificate': [
      { user: 'native', password, tls: { mode: 'VERIFY_IDENTITY', serverName: 'db.example.com' } },
      2026,
      /other names/,
    ],
    'a plugin that the caller does not allow': [
      { user: 'native', password, allowPlugins: ['caching_sha2_password'] },
      2059,
      /mysql_native_password, which the caller does not allow/,
    ],
  }
  for (const [what, [options, code, hint]] of Object.entries(refusals)) {
    it(`the hint knows ${what}`, async () => {
      const named = options.tls?.serverName !== undefined
      const tls = { ...options.tls, ...(named && { ca: server.keys.ca as string }) }
      const error = await failureOf({ ...options, tls, port: server.port })
      assert.equal(error.code, code, error.message)
      assert.match(error.login?.hint ?? '', hint)
    })
  }
})
