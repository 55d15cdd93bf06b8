/** A gateway before a front door, for what clients do in the command phase. */
import assert from 'node:assert/strict'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { serverError } from '../../src/errors/errors.ts'
import type { OnQuery, Row, SingleResult, Value } from '../../src/server/query.ts'
import { bytes, int, zeros } from '../support/bytes.ts'
import { openDoor, type TestDoor } from '../support/door.ts'
import { openTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts'
import { RawClient } from '../support/raw-client.ts'

export const mib = 2 ** 20
const tls = { mode: 'DISABLED' } as const
export const com = { quit: 1, initDb: 2, query: 3, ping: 14, changeUser: 17, prepare: 22, longData: 24, reset: 31 }

export interface Way {
  readonly backend: TestDoor
  readonly gateway: TestGateway
  /** Statements that wait for `signal`, or for this. */
  readonly release: () => void
  /** Statements that the backend was asked, but those by which the gateway itself looks after its links. */
  readonly asked: string[]
  open(options?: ConnectOptions): Promise<Connection>
  raw(user?: string): Promise<RawClient>
}

/** A client of its own way to the backend, with what it may ask there: `wait`, `rows N BYTES`, `two`, `length 'X'`, or its own text. */
export async function throughGateway(
  use: (way: Way) => Promise<void>,
  options: Partial<TestGatewayOptions> & { readonly backendConnect?: ConnectOptions } = {},
): Promise<void> {
  const asked: string[] = []
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const onQuery: OnQuery = async (sql, session, parameters) => {
    if (sql.startsWith('SELECT HEX(DATABASE())')) {
      return [
        { defaultDatabase: session.database === undefined ? null : Buffer.from(session.database).toString('hex') },
      ]
    }
    if (sql.startsWith('KILL') || (session.user === 'shared' && !sql.startsWith('SET character')))
      asked.push(sql.slice(0, 40))
    if (sql === 'wait') {
      await Promise.race([released, new Promise((_, no) => session.signal.addEventListener('abort', no))])
    }
    if (sql.startsWith('rows ')) return rows(Number(sql.split(' ')[1]), Number(sql.split(' ')[2]))
    if (sql === 'two; broken; three') return { results: broken() }
    if (sql.startsWith('length ')) return [{ length: sql.length + lengthOf(parameters[0]) }]
    const database = session.database ?? null
    return [{ sql: sql.slice(0, 40), connection: session.id, database }]
  }
  const backend = await openDoor({
    accounts: [
      { user: 'watch', password: 'watching' },
      { user: 'shared', password: 'behind' },
    ],
    handler: () => onQuery,
    databases: 'any',
    settings: { max_allowed_packet: 64 * mib },
  })
  const gateway = await openTestGateway({
    backends: [
      {
        name: 'one',
        connect: {
          ...{ host: '127.0.0.1', port: backend.port, user: 'watch', password: 'watching' },
          ...{ tls, getServerPublicKey: true, ...options.backendConnect },
        },
      },
    ],
    rules: [{ way: 'mapped', as: { user: 'shared', credential: { password: 'behind' } } }],
    accounts: [
      { user: 'ann', password: 'pw', plugin: 'mysql_native_password' },
      { user: 'ben', password: 'pw', plugin: 'mysql_native_password' },
    ],
    ...options,
  })
  try {
    await use({
      ...{ backend, gateway, asked, release },
      open: (more = {}) =>
        connect({
          ...{ host: '127.0.0.1', port: gateway.port, user: 'ann', password: 'pw', tls },
          ...{ maxAllowedPacket: 64 * mib, ...more },
        }),
      raw: async (user = 'ann') => {
        const client = await RawClient.connect({ port: gateway.port })
        const { last } = await client.login({ user, password: 'pw' })
        assert.equal(last.payload[0], 0, 'logged in')
        return client
      },
    })
  } catch (error) {
    release()
    await gateway.abandon()
    await backend.front.close(0)
    throw error
  }
  release()
  assert.deepEqual(gateway.errors, [])
  await gateway.close()
  await backend.close()
}

function rows(count: number, size: number): SingleResult {
  const value = Buffer.alloc(size, 'abcdefgh')
  function* some(): Iterable<Row> {
    for (let i = 0; i < count; i++) yield [value]
  }
  return { columns: [{ name: 'value', type: 'BLOB' }], rows: some() }
}

async function* broken(): AsyncIterable<SingleResult> {
  yield [{ n: 1 }]
  yield { affectedRows: 2 }
  throw serverError('ER_PARSE_ERROR', 'broken', 1)
}

export function packet(code: number, rest: Uint8Array = zeros(0)): Uint8Array {
  return bytes(int(1 + rest.length, 3), [0, code], rest)
}

function lengthOf(value: Value | undefined): number {
  return typeof value === 'string' || value instanceof Uint8Array ? value.length : 0
}

/** Sessions of a user at a door. */
export function live({ front }: TestDoor, user: string): number {
  return [...front.door.registry.live.values()].filter((record) => record.user === user).length
}

export function received({ front }: TestGateway): number {
  return front.door.registry.status.Bytes_received
}
