/**
 * Three MySQL servers in one Group Replication group with a single primary: what a gateway must follow when the primary is lost.
 *
 * How long the group itself takes (MySQL 9.7, two cores): 8 to 14 s from nothing to three members. Killed or frozen, the primary is
 * UNREACHABLE to the others after 6 s, which no setting shortens, and another one is primary a second later; one that is shut down hands
 * over within a second. A frozen primary that wakes up believes for 3 s that it still is the primary.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import type { InstalledPeer, Peer } from './install.ts'
import { type CertificateOf, freePort, type RunningServer, startMysqld } from './servers.ts'

/** A row of performance_schema.replication_group_members. */
export interface MemberSeen {
  readonly port: number
  readonly state: 'ONLINE' | 'RECOVERING' | 'OFFLINE' | 'ERROR' | 'UNREACHABLE'
  readonly role: 'PRIMARY' | 'SECONDARY' | ''
}

export interface Group {
  /** In the order of their start, the killed ones included. Each has `root` without a password, and data of its own. */
  readonly members: readonly RunningServer[]
  /** The member that calls itself the primary and takes writes. Waits for one. Throws after 60 s without. */
  primary(): Promise<RunningServer>
  /** The group as `member` sees it, in the order of `members`. */
  seenBy(member: RunningServer): Promise<MemberSeen[]>
  /** Ends a member by SIGKILL. After: its port refuses connections, and its data is gone. */
  kill(member: RunningServer): Promise<void>
  /** Ends all members and removes their data. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a group. Resolves when each member sees all three ONLINE; throws, with nothing left behind, when that takes over 60 s. */
export async function startGroup(
  peers: readonly Peer[],
  mysqld: InstalledPeer,
  settings: readonly string[] = [],
  certificate: CertificateOf = 'its own',
): Promise<Group> {
  const name = randomUUID()
  const members: RunningServer[] = []
  const starts = await Promise.allSettled(
    [1, 2, 3].map((id) => startMysqld(peers, mysqld, [...memberSettings(name, id), ...settings], certificate)),
  )
  for (const start of starts) if (start.status === 'fulfilled') members.push(start.value)
  const group = new RunningGroup(members)
  try {
    for (const start of starts) if (start.status === 'rejected') throw start.reason
    await form(members)
    await group.allOnline()
    return group
  } catch (error) {
    await group.stop()
    throw error
  }
}

class RunningGroup implements Group {
  readonly members: readonly RunningServer[]

  constructor(members: readonly RunningServer[]) {
    this.members = members
  }

  primary(): Promise<RunningServer> {
    return eventually('no primary that takes writes', async () => {
      // One that does not answer is none.
      const answers = await Promise.all(this.members.map((member) => asRoot(member, isPrimary).catch(() => false)))
      return this.members[answers.indexOf(true)]
    })
  }

  async allOnline(): Promise<void> {
    await eventually('not three members ONLINE', async () => {
      const views = await Promise.all(this.members.map((member) => this.seenBy(member)))
      return views.every((view) => view.filter(({ state }) => state === 'ONLINE').length === 3) || undefined
    })
  }

  async seenBy(member: RunningServer): Promise<MemberSeen[]> {
    const columns = 'member_port AS port, member_state AS state, member_role AS role'
    const rows = await asRoot(member, (root) =>
      root.query<(MemberSeen & RowDataPacket)[]>(`SELECT ${columns} FROM performance_schema.replication_group_members`),
    )
    const place = ({ port }: MemberSeen) => this.members.findIndex((one) => one.port === port)
    return rows[0].map(({ port, state, role }) => ({ port, state, role })).toSorted((a, b) => place(a) - place(b))
  }

  async kill(member: RunningServer): Promise<void> {
    await member.stop()
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

function memberSettings(group: string, id: number): string[] {
  return [
    ...['--log-bin', `--server-id=${id}`, '--gtid-mode=ON', '--enforce-gtid-consistency=ON'],
    // By what name and port the others, and whoever asks for the members, find it; its own host name may lead nowhere.
    '--report-host=127.0.0.1',
    ...['--plugin-load-add=group_replication.so', `--group-replication-group-name=${group}`],
    ...['--group-replication-start-on-boot=OFF', '--group-replication-ip-allowlist=127.0.0.1'],
    ...['--group-replication-member-expel-timeout=0', '--group-replication-unreachable-majority-timeout=5'],
    // 0.5 GB for each member by default, most of it tables of performance_schema that nobody reads here.
    ...['--innodb-buffer-pool-size=32M', '--innodb-log-buffer-size=1M', '--innodb-redo-log-capacity=8M'],
    ...['--table-open-cache=200', '--performance-schema-digests-size=100', '--performance-schema-error-size=0'],
    '--performance-schema-events-statements-history-long-size=10',
    '--group-replication-message-cache-size=128M',
  ]
}

/** Makes one group of the servers, the first being its primary. */
async function form(members: readonly RunningServer[]): Promise<void> {
  const addresses = await Promise.all(members.map(async () => `127.0.0.1:${await freePort()}`))
  const password = randomBytes(12).toString('hex')
  const join = (member: RunningServer, i: number, start: readonly string[]) =>
    asRoot(member, async (root) => {
      const statements = [
        // What a member does before it is in the group must not be what the group has done.
        'SET SQL_LOG_BIN = 0',
        `CREATE USER recovery@'127.0.0.1' IDENTIFIED WITH caching_sha2_password BY '${password}'`,
        `GRANT REPLICATION SLAVE, CONNECTION_ADMIN, BACKUP_ADMIN ON *.* TO recovery@'127.0.0.1'`,
        'SET SQL_LOG_BIN = 1',
        `SET GLOBAL group_replication_local_address = '${addresses[i]}'`,
        `SET GLOBAL group_replication_group_seeds = '${addresses}'`,
        'SET GLOBAL group_replication_recovery_use_ssl = ON, GLOBAL group_replication_recovery_get_public_key = ON',
        ...start,
      ]
      for (const sql of statements) await root.query(sql)
    })
  const start = `START GROUP_REPLICATION USER = 'recovery', PASSWORD = '${password}'`
  const bootstrap = (value: 'ON' | 'OFF') => `SET GLOBAL group_replication_bootstrap_group = ${value}`
  const [first, ...others] = members
  if (first) await join(first, 0, [bootstrap('ON'), start, bootstrap('OFF')])
  await Promise.all(others.map((member, i) => join(member, i + 1, [start])))
}

/** The role alone is not enough: between its election and its first write a primary is still read-only. */
async function isPrimary(root: Connection): Promise<boolean> {
  const [rows] = await root.query<RowDataPacket[]>(
    `SELECT 1 FROM performance_schema.replication_group_members
     WHERE member_id = @@server_uuid AND member_role = 'PRIMARY' AND member_state = 'ONLINE' AND NOT @@super_read_only`,
  )
  return rows.length > 0
}

async function asRoot<Result>(member: RunningServer, act: (root: Connection) => Promise<Result>): Promise<Result> {
  const root = await createConnection({ socketPath: member.socket, user: 'root', connectTimeout: 1000 })
  try {
    return await act(root)
  } finally {
    root.destroy()
  }
}

/** What `look` finds, asked again and again until it finds something. Throws `otherwise` after 60 s. */
async function eventually<Found>(otherwise: string, look: () => Promise<Found | undefined>): Promise<Found> {
  const deadline = performance.now() + 60_000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`${otherwise} within 60 s`)
    await delay(50)
  }
}
