/** Bytes by the gigabyte through a gateway, hashed at both ends. */
import assert from 'node:assert/strict'
import { createHash, type Hash, randomBytes } from 'node:crypto'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import type { Row, SingleResult } from '../../src/server/query.ts'
import { openDoor } from '../support/door.ts'
import { type GatewayProcess, startGatewayProcess } from './gateway-process.ts'
import { type UnevenLeg, uneven, unevenLeg } from './uneven-leg.ts'

export const mib = 2 ** 20

export interface Legs {
  readonly client: Pick<ConnectOptions, 'compress' | 'tls'>
  readonly backend: Pick<ConnectOptions, 'compress' | 'tls'>
  /** The bytes of both legs come in slices of at most so many bytes; left out: as they come. */
  readonly largestSlice?: number
}

export interface Course {
  readonly gateway: GatewayProcess
  open(): Promise<Connection>
  /** Rows of so many bytes in all, from the backend to the client; the reader may wait between them. */
  down(client: Connection, size: number, wait?: (received: number) => Promise<void> | undefined): Promise<void>
  /** Statements of so many bytes in all, from the client to the backend. */
  up(client: Connection, size: number): Promise<void>
  /** Bytes that the backend has made, of the rows that are being sent. */
  readonly made: number
  /** The backend gets nothing more until the returned function is called. */
  pauseBackend(): () => void
}

/** A course, for one connection on it. Nothing may be left of it in the gateway after. */
export async function withCourse(
  legs: Legs,
  use: (course: Course, client: Connection) => Promise<void>,
): Promise<void> {
  await using course = await openCourse(legs)
  const client = await course.open()
  await use(course, client)
  await client.close()
  await course.gateway.close()
}

/** Opens a front door, a gateway before it, and legs between them that are as they shall be. */
async function openCourse({ client, backend, largestSlice }: Legs): Promise<Course & AsyncDisposable> {
  let made = 0
  let hash = createHash('sha1')
  const door = await openDoor({
    accounts: [{ user: 'shared', password: 'behind' }],
    handler: () => (sql) => {
      const [what, size] = sql.slice(0, 40).split(' ')
      if (what === 'down') return sending(Number(size), hash, (length) => (made += length))
      if (what === 'up') return [{ length: hash.update(sql, 'latin1') && sql.length }]
      return [{ defaultDatabase: null }]
    },
    settings: { max_allowed_packet: 64 * mib },
  })
  const legs: UnevenLeg[] = []
  const through = async (port: number, seed: number): Promise<number> => {
    if (largestSlice === undefined) return port
    const leg = await unevenLeg(port, uneven(seed, largestSlice))
    legs.push(leg)
    return leg.port
  }
  const account = { user: 'shared', password: 'behind', getServerPublicKey: true }
  const gateway = await startGatewayProcess({
    backends: [{ connect: { host: '127.0.0.1', port: await through(door.port, 1), ...account, ...backend } }],
    rules: [{ way: 'mapped', as: { user: 'shared', credential: { password: 'behind' } } }],
    accounts: [{ user: 'ann', password: 'pw' }],
  })
  const port = await through(gateway.port, 2)
  const hashed = (): string => {
    const sum = hash.digest('hex')
    hash = createHash('sha1')
    return sum
  }
  return {
    gateway,
    open: () =>
      connect({
        ...{ host: '127.0.0.1', port, user: 'ann', password: 'pw', getServerPublicKey: true },
        ...{ ...client, maxAllowedPacket: 64 * mib },
      }),
    get made() {
      return made
    },
    down: async (connection, size, wait) => {
      made = 0
      const own = createHash('sha1')
      let received = 0
      for await (const { value } of connection.stream<{ value: Buffer }>(`down ${size}`)) {
        own.update(value)
        received += value.length
        await wait?.(received)
      }
      assert.equal(received, size)
      assert.equal(own.digest('hex'), hashed(), `${size} bytes of rows`)
    },
    up: async (connection, size) => {
      const own = createHash('sha1')
      for (let sent = 0, i = 0; sent < size; i++) {
        const length = Math.min(size - sent, (largestStatement * ((i % 7) + 1)) / 7)
        const sql = `up ${digits.subarray(i % 1000, Math.floor((i % 1000) + length)).toString('latin1')}`
        own.update(sql, 'latin1')
        await connection.query(sql)
        sent += length
      }
      assert.equal(own.digest('hex'), hashed(), `${size} bytes of statements`)
    },
    pauseBackend: () => {
      if (legs[0] === undefined) throw new Error('a leg that is as it comes')
      return legs[0].pause()
    },
    [Symbol.asyncDispose]: async () => {
      gateway.kill()
      for (const leg of legs) leg.close()
      await door.front.close(0)
    },
  }
}

const largestStatement = 20 * mib
const noise = randomBytes(2 * mib)
/** For statements, which are text. */
const digits = Buffer.from(randomBytes((largestStatement + 2000) / 2).toString('hex'), 'latin1')

/** Rows of many lengths, from many places: what is lost, doubled or swapped shows. */
function sending(size: number, hash: Hash, onMade: (length: number) => void): SingleResult {
  function* rows(): Iterable<Row> {
    for (let sent = 0, i = 0; sent < size; i++) {
      const length = Math.min(size - sent, 1 + (i % 5 === 0 ? (i * 7919) % mib : (i * 104_729) % 20_000))
      const value = noise.subarray((i * 31) % mib, ((i * 31) % mib) + length)
      hash.update(value)
      onMade(length)
      sent += length
      yield [value]
    }
  }
  return { columns: [{ name: 'value', type: 'BLOB' }], rows: rows() }
}
