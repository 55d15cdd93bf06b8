/** All clients behind one face, for logins through a gateway: those that are programs, those of npm, and our own. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { connect as connectOurs } from '../../src/client/connect.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import type { MysqlError } from '../../src/errors/errors.ts'
import { connect as connectNpm, normalised, clientNames as npmNames } from '../interop/clients.ts'
import { sharedKeys } from '../support/door.ts'
import { type ClientName, type ClientOutcome, clientNames, login, loginScript } from './clients.ts'
import type { Leg } from './gateway-world.ts'
import { type InstalledPeer, installed, type Peer } from './install.ts'

export type DriverName = Exclude<ClientName, 'mysql-connector'> | 'mysql2' | 'npm mariadb' | 'npm mysql' | 'ours'

/** CURRENT_USER(), or the error; drivers that refuse by themselves have no number for it. */
export type Outcome = { readonly in: string } | { readonly code: number | undefined; readonly text: string }

export interface Who {
  readonly user: string
  readonly password: string
}

export interface Driver {
  readonly name: DriverName
  /** One login, one statement, goodbye. Rejects only when the client cannot be run. */
  login(port: number, leg: Leg, who: Who): Promise<Outcome>
  /** A login as `from`, which must succeed, and COM_CHANGE_USER. Command lines and PyMySQL cannot. */
  changeUser?(port: number, leg: Leg, from: Who, to: Who): Promise<Outcome>
  /** Of those that keep a process between logins. */
  stop?(): void
}

/** Those that are installed. */
export function driversAmong(peers: readonly Peer[]): Driver[] {
  const programs = clientNames
    .filter((name) => name !== 'mysql-connector')
    .flatMap((name) => {
      const peer = installed(peers, name)
      if (peer === undefined) return []
      return [name.startsWith('PyMySQL') ? python(name, peer) : program(name, peer)]
    })
  return [...programs, ...npmNames.map(npm), ours]
}

function program(name: Exclude<ClientName, 'mysql-connector'>, peer: InstalledPeer): Driver {
  return {
    name,
    login: async (port, leg, who) => {
      const tls = leg === 'tls' ? 'on' : 'off'
      return shown(await login(peer, { host: '127.0.0.1', port, tls, sql: whoAmI, ...who }))
    },
  }
}

/** A Python takes longer to start than a hundred logins do: it is kept. */
function python(name: DriverName, peer: InstalledPeer): Driver {
  const [command = '', ...before] = peer.argv
  let child: ChildProcessByStdio<Writable, Readable, null> | undefined
  let lines: AsyncIterator<string> | undefined
  return {
    name,
    login: async (port, leg, who) => {
      if (child === undefined || lines === undefined) {
        const env = { ...process.env, ...peer.env }
        child = spawn(command, [...before, '-W', 'ignore', '-c', loginScript], {
          env,
          stdio: ['pipe', 'pipe', 'inherit'],
        })
        lines = createInterface(child.stdout)[Symbol.asyncIterator]()
      }
      const where = { host: '127.0.0.1', port, socket: null, database: null, tls: leg === 'tls' }
      child.stdin.write(`${JSON.stringify({ driver: 'pymysql', ...where, ...who, sql: whoAmI })}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error(`${name} has ended`)
      return shown(JSON.parse(value))
    },
    stop: () => child?.kill(),
  }
}

function shown(outcome: ClientOutcome): Outcome {
  if (outcome.ok) return { in: outcome.rows[0]?.[0] ?? '' }
  return { code: outcome.code ?? undefined, text: outcome.text }
}

const whoAmI = 'SELECT CURRENT_USER() AS who'

function npm(client: (typeof npmNames)[number]): Driver {
  const open = async (port: number, leg: Leg, who: Who) => {
    const tls = leg === 'tls' ? { tls: { ca: (await sharedKeys()).ca ?? '' } } : {}
    // Without a database from the start, npm mariadb leaves out its field later, and servers read the others askew.
    return await connectNpm(client, { port, database: 'test', ...who, ...tls })
  }
  const failed = (error: unknown): Outcome => {
    const { errno, message } = normalised(error)
    return { code: errno, text: message }
  }
  const whoIsIn = async (session: Awaited<ReturnType<typeof open>>): Promise<Outcome> => {
    const rows = (await session.query(whoAmI)) as { who: string }[]
    await session.end()
    return { in: rows[0]?.who ?? '' }
  }
  return {
    name: client === 'mysql2' ? client : `npm ${client}`,
    login: async (port, leg, who) => {
      try {
        return await whoIsIn(await open(port, leg, who))
      } catch (error) {
        return failed(error)
      }
    },
    changeUser: async (port, leg, from, to) => {
      const session = await open(port, leg, from)
      try {
        await session.changeUser(to)
        return await whoIsIn(session)
      } catch (error) {
        session.destroy()
        return failed(error)
      }
    },
  }
}

const ours: Driver = {
  name: 'ours',
  login: async (port, leg, who) => {
    try {
      await using connection = await connectOurs(await optionsOf(port, leg, who))
      return await whoIsIn(connection)
    } catch (error) {
      return failed(error)
    }
  },
  changeUser: async (port, leg, from, to) => {
    await using connection = await connectOurs(await optionsOf(port, leg, from))
    try {
      await connection.changeUser(to)
      return await whoIsIn(connection)
    } catch (error) {
      return failed(error)
    }
  },
}

async function optionsOf(port: number, leg: Leg, who: Who): Promise<ConnectOptions> {
  const { ca = '' } = await sharedKeys()
  const tls = leg === 'tls' ? ({ mode: 'VERIFY_IDENTITY', ca } as const) : ({ mode: 'DISABLED' } as const)
  return { host: '127.0.0.1', port, tls, getServerPublicKey: true, enableCleartextPlugin: true, ...who }
}

async function whoIsIn(connection: Awaited<ReturnType<typeof connectOurs>>): Promise<Outcome> {
  return { in: String((await connection.query(whoAmI)).rows[0]?.who) }
}

function failed(error: unknown): Outcome {
  const { code, message } = error as MysqlError
  return { code, text: message }
}
