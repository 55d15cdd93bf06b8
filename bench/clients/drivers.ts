/**
 * The clients behind one face: a whole short connection, and a large result in three ways. Each is used as its manual shows it:
 * promises where it has them, its defaults for all that is not said here.
 */
import { createRequire } from 'node:module'
import mariadb from 'mariadb'
import mysql2, { type Connection as Mysql2Connection } from 'mysql2'
import mysql2Promised from 'mysql2/promise'
import { connect } from '../../src/client/connect.ts'
import { bareCycle } from './floor.ts'

export const driverNames = ['floor', 'saltgate', 'mysql2', 'mariadb', 'mysql'] as const
export type DriverName = (typeof driverNames)[number]

/** An account on a port of this machine. */
export interface Access {
  readonly port: number
  readonly user: string
  readonly password: string
}

/** Dates and times as text in every client, or as each gives them by default: objects in all but ours. */
export type Dates = 'text' | 'as it comes'

/** Ways to read a result; each gives the number of rows that came. */
export const readings = ['query', 'stream', 'execute'] as const
export type Reading = (typeof readings)[number]

export interface Driver
  extends Partial<Readonly<Record<Reading, (access: Access, sql: string, dates: Dates) => Promise<number>>>> {
  /** Connects, logs in, asks `SELECT 1`, says COM_QUIT, closes. */
  cycle(access: Access): Promise<void>
}

export const drivers: Readonly<Record<DriverName, Driver>> = {
  floor: { cycle: bareCycle },

  saltgate: {
    async cycle(access) {
      const connection = await connect(ours(access))
      await connection.query('SELECT 1')
      await connection.close()
    },
    async query(access, sql) {
      await using connection = await connect(ours(access))
      return (await connection.query(sql)).rows.length
    },
    async stream(access, sql) {
      await using connection = await connect(ours(access))
      let count = 0
      for await (const _ of connection.stream(sql)) count++
      return count
    },
    async execute(access, sql) {
      await using connection = await connect(ours(access))
      return (await connection.execute(sql)).rows.length
    },
  },

  mysql2: {
    async cycle(access) {
      const connection = await mysql2Promised.createConnection(theirs(access))
      await connection.query('SELECT 1')
      await connection.end()
    },
    async query(access, sql, dates) {
      const connection = await mysql2Promised.createConnection(theirs(access, dates))
      const [rows] = await connection.query(sql)
      await connection.end()
      return (rows as unknown[]).length
    },
    async stream(access, sql, dates) {
      const connection: Mysql2Connection = mysql2.createConnection(theirs(access, dates))
      const count = await counted(connection.query(sql).stream())
      connection.end()
      return count
    },
    async execute(access, sql, dates) {
      const connection = await mysql2Promised.createConnection(theirs(access, dates))
      const [rows] = await connection.execute(sql)
      await connection.end()
      return (rows as unknown[]).length
    },
  },

  mariadb: {
    async cycle(access) {
      const connection = await mariadb.createConnection(theirs(access))
      await connection.query('SELECT 1')
      await connection.end()
    },
    async query(access, sql, dates) {
      const connection = await mariadb.createConnection(theirs(access, dates))
      const rows = await connection.query(sql)
      await connection.end()
      return rows.length
    },
    async stream(access, sql, dates) {
      const connection = await mariadb.createConnection(theirs(access, dates))
      const count = await counted(connection.queryStream(sql))
      await connection.end()
      return count
    },
    async execute(access, sql, dates) {
      const connection = await mariadb.createConnection(theirs(access, dates))
      const rows = await connection.execute(sql)
      await connection.end()
      return rows.length
    },
  },

  mysql: {
    async cycle(access) {
      const connection = mysql.createConnection(theirs(access))
      await called((done) => connection.query('SELECT 1', done))
      await called((done) => connection.end(done))
    },
    async query(access, sql, dates) {
      const connection = mysql.createConnection(theirs(access, dates))
      const rows = await called<unknown[]>((done) => connection.query(sql, done))
      await called((done) => connection.end(done))
      return rows.length
    },
    async stream(access, sql, dates) {
      const connection = mysql.createConnection(theirs(access, dates))
      const count = await counted(connection.query(sql).stream())
      await called((done) => connection.end(done))
      return count
    },
  },
}

type Done<T> = (error: Error | null, result?: T) => void

interface MysqlConnection {
  query(sql: string, done?: Done<unknown[]>): { stream(): NodeJS.ReadableStream }
  end(done: Done<void>): void
}

/** npm mysql has no types of its own. */
const mysql: { createConnection(options: object): MysqlConnection } = createRequire(import.meta.url)('mysql')

const host = '127.0.0.1'

function ours({ port, user, password }: Access) {
  return { host, port, user, password, tls: { mode: 'DISABLED' } } as const
}

function theirs({ port, user, password }: Access, dates: Dates = 'as it comes') {
  return { host, port, user, password, ...(dates === 'text' && { dateStrings: true }) }
}

function called<T>(call: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => call((error, result) => (error ? reject(error) : resolve(result as T))))
}

/** By events, which cost a stream of Node less than an async iterator does, and npm mysql has no other way. */
function counted(rows: NodeJS.ReadableStream): Promise<number> {
  let count = 0
  return new Promise((resolve, reject) => {
    rows.on('data', () => count++)
    rows.on('end', () => resolve(count))
    rows.on('error', reject)
  })
}
