/**
 * Records which account a real mysqld chooses for a client, host pattern by host pattern: what `accounts/account-table.ts` is
 * tested against. `node test/peers/host-choice.ts` writes test/vectors/accounts/host-choice-9.7.json anew; it needs root,
 * for the mount namespace in which mysqld finds its own /etc/hosts.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Connection, createConnection } from 'mysql2/promise'
import { bytes, zeros } from '../support/bytes.ts'
import { handshakeResponse, RawClient } from '../support/raw-client.ts'
import { type InstalledPeer, installed, installPeers, sharedDirectory } from './install.ts'
import { type RunningServer, startMysqld } from './servers.ts'

/** What mysqld calls a client, and how to come as one. */
interface Client {
  readonly address: string | undefined
  readonly name: string | undefined
}

const hostsFile = '127.0.0.1 localhost\n127.0.0.5 door.example.test\n127.0.0.6 localhost.example.test\n'

const resolved: Readonly<Record<string, Client>> = {
  socket: { address: undefined, name: 'localhost' },
  loopback: { address: '127.0.0.1', name: 'localhost' },
  loopback6: { address: '::1', name: 'localhost' },
  named: { address: '127.0.0.5', name: 'door.example.test' },
  'named localhost.': { address: '127.0.0.6', name: 'localhost.example.test' },
  nameless: { address: '127.0.0.9', name: undefined },
}

const hosts = [
  ...['localhost', 'LOCALHOST', 'door.example.test', 'Door.Example.Test', '127.0.0.1', '127.0.0.5', '127.0.0.9', '::1'],
  ...['0:0:0:0:0:0:0:1', '::1/128', '::/64'],
  ...['127.0.0.0/8', '127.0.0.0/24', '127.0.0.0/30', '127.0.0.5/32', '127.0.0.5/8', '127.0.0.0/0'],
  ...['127.0.0.0/255.0.0.0', '127.0.0.0/255.255.255.0', '127.0.0.5/255.255.255.255', '127.0.0.5/255.0.0.0'],
  ...['127.0.0.1/255.0.0.255', '0.0.0.0/0.0.0.0', '127.0.0.0/255.255.255.248'],
  ...['127.0.0.%', '127.%', '127.0.0._', '127.0.0.5%', '127.0.%.5', '%.0.0.5', '1%', '%.1', '_27.0.0.1', '::%', '%:1'],
  ...[
    'local%',
    'localhos_',
    'localhost%',
    'localhost.%',
    '%host',
    'door.%',
    'door.example._est',
    'd%',
    '%.example.test',
  ],
  ...['%.test', '%test', 'door\\.example.test', 'door.example\\_test', '_%', '%%', '%_', '%', ''],
]

const oneOfEachKind = [
  ...['127.0.0.5', '127.0.0.5%', '127.0.0.0/24', '127.0.0.0/255.255.255.0', 'door.example.test', '127.%', 'd%'],
  ...['%.test', '%', ''],
]

/** Stands for an account that mysqld chooses because it was made before the others. */
const firstMade = 'the first made'
const bystander = 'other@%'

const peers = await installPeers((line) => console.log(line))
const mysqld = installed(peers, 'mysqld')
if (!mysqld) throw new Error('mysqld is missing')
const directory = await mkdtemp(join(sharedDirectory(peers), 'saltgate-hosts-'))
const file = join(directory, 'hosts')
await writeFile(file, hostsFile)
const withNames = await record(withHosts(mysqld, file), [], resolved)
const addressesOnly = Object.fromEntries(
  Object.entries(resolved).map(([key, client]) => [key, key === 'socket' ? client : { ...client, name: undefined }]),
)
const withoutNames = await record(mysqld, ['--skip-name-resolve'], addressesOnly)
await rm(directory, { recursive: true })
const runs = [withNames, withoutNames].map(
  ({ clients, alone, together }) =>
    `{"clients": ${JSON.stringify(clients)},\n"alone": [\n${lines(alone)}\n],\n"together": [\n${lines(together)}\n]}`,
)
const path = join(import.meta.dirname, '../vectors/accounts/host-choice-9.7.json')
const head = `{"server": "mysqld ${mysqld.version}", "firstMade": "${firstMade}", "bystander": "${bystander}"`
await writeFile(path, `${head}, "runs": [\n${runs.join(',\n')}\n]}\n`)
process.exit()

/** mysqld with an /etc/hosts of its own. */
function withHosts(peer: InstalledPeer, path: string): InstalledPeer {
  const mount = `mount --bind '${path}' '${peer.root}/etc/hosts' && exec "$@"`
  return { ...peer, argv: ['unshare', '--mount', 'sh', '-c', mount, 'sh', ...peer.argv] }
}

/** What each client got, in their order: CURRENT_USER(), the number of an error, or `firstMade`. */
type Choice = readonly [accounts: readonly string[], chosen: readonly string[]]

interface Run {
  readonly clients: readonly Client[]
  /** Each host as the only one, but for localhost, which mysqld always has: who is refused before the greeting. */
  readonly alone: readonly Choice[]
  /** With a bystander who lets every host get as far as the greeting. */
  readonly together: readonly Choice[]
}

/**
 * Every host alone; then every pair that one client could enter by either, and triples of one host of each kind: as named
 * accounts and with one of them anonymous, made in this order and in the other.
 */
async function record(
  peer: InstalledPeer,
  settings: readonly string[],
  clients: Readonly<Record<string, Client>>,
): Promise<Run> {
  const options = ['--bind-address=127.0.0.1,::1', '--innodb-flush-log-at-trx-commit=0']
  const server = await startMysqld(peers, peer, [...options, ...settings])
  const admin = await createConnection({ socketPath: server.socket, user: 'root' })
  const who = Object.values(clients)
  const alone: Choice[] = []
  for (const host of hosts) {
    alone.push([[`u@${host}`], await choose(server, admin, who, [`u@${host}`])])
    // Without it mysqld goes on to greet every host after an account of '%' was dropped.
    await admin.query('FLUSH PRIVILEGES')
  }
  await admin.query(`CREATE USER ${quoted(admin, bystander)}`)
  const enters = new Map<string, readonly boolean[]>()
  for (const host of hosts) {
    const chosen = await choose(server, admin, who, [`u@${host}`])
    enters.set(
      host,
      chosen.map((one) => one === `u@${host}`),
    )
  }
  const together: Choice[] = []
  for (const set of [...combinations(hosts, 2), ...combinations(oneOfEachKind, 3)]) {
    const names = new Set(set.map((host) => host.toLowerCase()))
    if (names.size < set.length || !who.some((_, i) => set.every((host) => enters.get(host)?.[i]))) continue
    for (const anonymous of [undefined, ...set]) {
      const accounts = set.map((host) => `${host === anonymous ? '' : 'u'}@${host}`)
      const forth = await choose(server, admin, who, accounts)
      const back = await choose(server, admin, who, accounts.toReversed())
      together.push([accounts, forth.map((chosen, i) => (chosen === back[i] ? chosen : firstMade))])
    }
  }
  await admin.end()
  await server.stop()
  return { clients: who, alone, together }
}

/** Every set of `size` of the items, in their order. */
function combinations(items: readonly string[], size: number): string[][] {
  if (size === 0) return [[]]
  return items.flatMap((item, i) => combinations(items.slice(i + 1), size - 1).map((rest) => [item, ...rest]))
}

function lines(choices: readonly Choice[]): string {
  return choices.map((choice) => JSON.stringify(choice)).join(',\n')
}

function quoted(admin: Connection, account: string): string {
  const at = account.indexOf('@')
  return [account.slice(0, at), account.slice(at + 1)].map((part) => admin.escape(part)).join('@')
}

async function choose(
  server: RunningServer,
  admin: Connection,
  clients: readonly Client[],
  accounts: readonly string[],
): Promise<string[]> {
  const names = accounts.map((account) => quoted(admin, account))
  for (const name of names) await admin.query(`CREATE USER ${name}`)
  const chosen: string[] = []
  for (const client of clients) chosen.push(await chosenFor(server, client))
  await admin.query(`DROP USER ${names.join()}`)
  return chosen
}

/** CURRENT_USER() of a login as `u` without a password, or the number of the error. */
async function chosenFor(server: RunningServer, client: Client): Promise<string> {
  const { address } = client
  const tcp = { host: address?.includes(':') ? '::1' : '127.0.0.1', port: server.port, localAddress: address as string }
  const raw = await RawClient.connect(address === undefined ? { path: server.socket } : tcp)
  try {
    const greeting = await raw.packet()
    if (greeting.payload[0] === 0xff) return String(greeting.payload.readUInt16LE(1))
    raw.send(handshakeResponse({ user: 'u', plugin: 'caching_sha2_password' }, zeros(0)), 1)
    let answer = await raw.packet()
    if (answer.payload[0] === 0xfe) {
      // What an unknown user is asked for may be another plugin; a NUL is an empty password to both.
      raw.send(bytes([0]), 3)
      answer = await raw.packet()
    }
    if (answer.payload[0] === 0xff) return String(answer.payload.readUInt16LE(1))
    await raw.query("SELECT CONCAT_WS('|', CURRENT_USER(), SUBSTRING_INDEX(USER(), '@', -1))")
    await raw.packet()
    await raw.packet()
    const row = (await raw.packet()).payload.toString('utf8', 1)
    const [chosen = '', seen] = row.split('|')
    if (seen !== (client.name ?? client.address)) throw new Error(`${client.address} was taken for ${seen}`)
    return chosen
  } finally {
    raw.destroy()
  }
}
