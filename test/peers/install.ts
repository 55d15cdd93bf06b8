/**
 * Puts real MySQL and MariaDB programs on the machine, all from Debian: those of bookworm installed as they are, those of
 * sid in two small chroots (MySQL's and MariaDB's packages exclude each other), what else is needed unpacked beside them.
 * What cannot be had is reported by name.
 */
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { mustRun, run } from './command.ts'
import { setUpPam } from './pam.ts'

export type PeerName =
  | 'chromium'
  | 'haproxy'
  | 'mariadb'
  | 'mariadb 11.8'
  | 'mariadbd'
  | 'mariadbd 11.8'
  | 'mysql'
  | 'mysqld'
  | 'PyMySQL 1.0'
  | 'PyMySQL 1.1.1'
  | 'PyMySQL 1.2'
  | 'mysql-connector'
  | 'promtool'
  | 'tshark'

/** A program that can be started, or the reason why it cannot. */
export type Peer = InstalledPeer | { readonly name: PeerName; readonly missing: string }

export interface InstalledPeer {
  readonly name: PeerName
  /** Debian's version of the package. */
  readonly version: string
  /** The program with what must stand before its arguments. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** The directory that the program sees as `/`: '' when it sees the whole machine. */
  readonly root: string
  /** Where a server finds plugins that its own package lacks. */
  readonly pluginDirectory?: string
}

/**
 * Installs what is not there yet and lists all peers. Never throws: a failure makes the peers that depend on it missing.
 * The first run takes two to three minutes and 1 GB; later runs use what they find.
 */
export async function installPeers(progress: (line: string) => void): Promise<Peer[]> {
  await mkdir(cacheDirectory(), { recursive: true })
  return [
    ...(await origin(['mariadb', 'mariadbd', 'PyMySQL 1.0'], () => fromBookworm(progress))),
    ...(await origin(['mysql', 'mysqld', 'PyMySQL 1.2', 'mysql-connector'], () => mysqlFromSid(progress))),
    ...(await origin(['mariadb 11.8', 'mariadbd 11.8'], () => mariadbFromSid(progress))),
    ...(await origin(['PyMySQL 1.1.1'], () => fromTrixie(progress))),
    ...(await origin(['tshark'], () => tsharkFromBookworm(progress))),
    ...(await origin(['haproxy'], () => haproxyFromBookworm(progress))),
    ...(await origin(['chromium'], () => chromiumFromBookworm(progress))),
    ...(await origin(['promtool'], () => promtoolFromBookworm(progress))),
  ]
}

/** Finds one installed peer by name. */
export function installed(peers: readonly Peer[], name: PeerName): InstalledPeer | undefined {
  return peers.find((peer): peer is InstalledPeer => peer.name === name && !('missing' in peer))
}

/** A peer as a line of text. */
export function peerLine(peer: Peer | undefined): string {
  if (!peer) return 'MISSING'
  return `${peer.name.padEnd(16)} ${'missing' in peer ? `MISSING: ${peer.missing}` : peer.version}`
}

/** The directory that sockets must lie in for every client to reach them: the chroot's /tmp, if there is a chroot. */
export function sharedDirectory(peers: readonly Peer[]): string {
  return join(installed(peers, 'mysql')?.root || '/', 'tmp')
}

async function origin(names: PeerName[], install: () => Promise<Peer[]>): Promise<Peer[]> {
  try {
    return await install()
  } catch (error) {
    return names.map((name) => ({ name, missing: (error as Error).message }))
  }
}

async function fromBookworm(progress: (line: string) => void): Promise<Peer[]> {
  const release = await run(['sh', '-c', '. /etc/os-release && echo "$ID $VERSION_CODENAME"'])
  if (release.stdout.trim() !== 'debian bookworm')
    throw new Error(`needs Debian bookworm, this is ${release.stdout.trim()}`)
  // The -core packages hold the programs alone: no service is set up, so none can start.
  await aptInstall(['mariadb-client-core', 'mariadb-server-core', 'python3-pymysql', 'python3-cryptography'], progress)
  const peer = (name: PeerName, debian: string, program: string) => describePeer(name, debian, [program])
  const mariadbd = await peer('mariadbd', 'mariadb-server-core', '/usr/sbin/mariadbd')
  return [
    await peer('mariadb', 'mariadb-client-core', '/usr/bin/mariadb'),
    { ...mariadbd, pluginDirectory: await pluginsOfBookworm(progress) },
    await peer('PyMySQL 1.0', 'python3-pymysql', '/usr/bin/python3'),
  ]
}

/** The plugins are in a package that would set up a service; a server loads only those of its own version. */
async function pluginsOfBookworm(progress: (line: string) => void): Promise<string> {
  const version = (await mustRun(['dpkg-query', '-W', '-f', `\${Version}`, 'mariadb-server-core'])).trim()
  const directory = join(cacheDirectory(), `bookworm-mariadb-${version.replaceAll(/[^\w.+-]/g, '_')}`)
  if (!(await exists(directory))) {
    progress(`unpacking the plugins of mariadb-server ${version} of Debian bookworm`)
    const fresh = `${directory}.new`
    await rm(fresh, { recursive: true, force: true })
    await mkdir(fresh)
    await refreshLists()
    const download = ['apt-get', '-q', '-o', 'APT::Sandbox::User=root', 'download', `mariadb-server=${version}`]
    await mustRun(download, { cwd: fresh, timeoutMs: 120_000 })
    await mustRun(['sh', '-c', 'dpkg -x mariadb-server_*.deb unpacked && rm *.deb'], { cwd: fresh })
    await rename(fresh, directory)
  }
  return join(directory, 'unpacked/usr/lib/mysql/plugin')
}

async function mysqlFromSid(progress: (line: string) => void): Promise<Peer[]> {
  const packages = ['mysql-server-core', 'mysql-client-core', 'python3-pymysql', 'python3-mysql.connector']
  const root = await sidRoot('sid', [...packages, 'python3-cryptography'], progress)
  const peer = (name: PeerName, debian: string, program: string) => describePeer(name, debian, [program], root)
  return [
    await peer('mysql', 'mysql-client-core', '/usr/bin/mysql'),
    await peer('mysqld', 'mysql-server-core', '/usr/sbin/mysqld'),
    await peer('PyMySQL 1.2', 'python3-pymysql', '/usr/bin/python3'),
    await peer('mysql-connector', 'python3-mysql.connector', '/usr/bin/python3'),
  ]
}

async function mariadbFromSid(progress: (line: string) => void): Promise<Peer[]> {
  const packages = ['mariadb-server-core', 'mariadb-client-core', 'libpam-modules']
  const root = await sidRoot('sid-mariadb', packages, progress, async (fresh) => {
    progress('  unpacking the plugins of mariadb-server')
    const unpack = 'dpkg --fsys-tarfile mariadb-server_*.deb | tar -x -C / ./usr/lib/mysql/plugin && rm *.deb'
    await mustRun(['chroot', fresh, 'sh', '-ec', `cd /root; apt-get -q download mariadb-server; ${unpack}`], {
      timeoutMs: 120_000,
    })
  })
  await setUpPam(root)
  const peer = (name: PeerName, debian: string, program: string) => describePeer(name, debian, [program], root)
  return [
    await peer('mariadb 11.8', 'mariadb-client-core', '/usr/bin/mariadb'),
    await peer('mariadbd 11.8', 'mariadb-server-core', '/usr/sbin/mariadbd'),
  ]
}

/** The directory of a chroot with these packages, made if it is not there. */
async function sidRoot(
  name: string,
  packages: readonly string[],
  progress: (line: string) => void,
  finish: (fresh: string) => Promise<void> = async () => {},
): Promise<string> {
  if (process.getuid?.() !== 0) throw new Error('needs root for a chroot of Debian sid')
  const root = join(cacheDirectory(), name)
  if (await exists(root)) return root
  await aptInstall(['debootstrap'], progress)
  progress(`setting up a chroot of Debian sid for ${packages.join(', ')}`)
  const fresh = `${root}.new`
  await rm(fresh, { recursive: true, force: true })
  const settings = await aptNetworkSettings()
  const proxy = /^Acquire::http::Proxy "(.+)";$/m.exec(settings)?.[1]
  const env = proxy ? { http_proxy: proxy } : {}
  await mustRun(['debootstrap', '--variant=minbase', 'sid', fresh, await debianMirror()], { timeoutMs: 600_000, env })
  await writeFile(join(fresh, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  await writeFile(join(fresh, 'etc/apt/apt.conf.d/90machine'), settings)
  // Servers find out by it that 127.0.0.1 is localhost.
  await writeFile(join(fresh, 'etc/hosts'), '127.0.0.1\tlocalhost\n::1\tlocalhost\n')
  progress('  installing the packages')
  const inside = { timeoutMs: 600_000, env: { DEBIAN_FRONTEND: 'noninteractive' } }
  await mustRun(['chroot', fresh, 'apt-get', '-q', 'update'], inside)
  await mustRun(['chroot', fresh, 'apt-get', 'install', '-qy', '--no-install-recommends', ...packages], inside)
  await finish(fresh)
  await mustRun(['chroot', fresh, 'apt-get', 'clean'])
  await rename(fresh, root)
  return root
}

/** PyMySQL 1.1.1 hashes a NUL too many after an auth switch: the client bug that a server must be able to live with. */
async function fromTrixie(progress: (line: string) => void): Promise<Peer[]> {
  const directory = join(cacheDirectory(), 'trixie')
  if (!(await exists(directory))) {
    progress('unpacking python3-pymysql of Debian trixie')
    await unpackFromTrixie(`${directory}.new`)
    await rename(`${directory}.new`, directory)
  }
  const modules = join(directory, 'unpacked/usr/lib/python3/dist-packages')
  const probe = [
    '/usr/bin/python3',
    '-c',
    'import pymysql, cryptography; print(".".join(map(str, pymysql.VERSION[:3])))',
  ]
  const version = (await mustRun(probe, { env: { PYTHONPATH: modules } })).trim()
  if (version !== '1.1.1') throw new Error(`trixie has PyMySQL ${version}, not 1.1.1`)
  return [{ name: 'PyMySQL 1.1.1', version, argv: ['/usr/bin/python3'], env: { PYTHONPATH: modules }, root: '' }]
}

async function unpackFromTrixie(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true })
  await mkdir(join(directory, 'lists/partial'), { recursive: true })
  await mkdir(join(directory, 'cache/archives/partial'), { recursive: true })
  const sources = join(directory, 'sources.list')
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
  await writeFile(sources, `deb [signed-by=${keyring}] ${await debianMirror()} trixie main\n`)
  // A second set of package lists: the machine's own stay those of bookworm.
  const apt = [
    'apt-get',
    '-q',
    ...['-o', `Dir::Etc::sourcelist=${sources}`, '-o', 'Dir::Etc::sourceparts=-'],
    ...['-o', `Dir::State::lists=${join(directory, 'lists')}`, '-o', `Dir::Cache=${join(directory, 'cache')}`],
    ...['-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Languages=none'],
  ]
  await mustRun([...apt, 'update'], { timeoutMs: 300_000 })
  await mustRun([...apt, 'download', 'python3-pymysql'], { cwd: directory, timeoutMs: 120_000 })
  await mustRun(['sh', '-c', 'dpkg -x python3-pymysql_*.deb unpacked && rm -r lists cache'], { cwd: directory })
}

/** Any release will do: what it reads in the captures is compared, and its differences are listed. */
async function tsharkFromBookworm(progress: (line: string) => void): Promise<Peer[]> {
  await aptInstall(['tshark'], progress)
  return [await describePeer('tshark', 'tshark', ['/usr/bin/tshark'])]
}

/** With the libraries that no other package here needs. */
async function haproxyFromBookworm(progress: (line: string) => void): Promise<Peer[]> {
  const packages = ['haproxy', 'liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1']
  const directory = await unpackedFromBookworm('haproxy', packages, progress)
  const triplet = (await mustRun(['sh', '-c', 'basename usr/lib/*-linux-gnu'], { cwd: directory })).trim()
  const env = { LD_LIBRARY_PATH: join(directory, 'usr/lib', triplet) }
  const program = join(directory, 'usr/sbin/haproxy')
  const version = /version (\S+)/.exec(await mustRun([program, '-v'], { env }))?.[1] ?? ''
  return [{ name: 'haproxy', version, argv: [program], env, root: '' }]
}

async function promtoolFromBookworm(progress: (line: string) => void): Promise<Peer[]> {
  const program = join(await unpackedFromBookworm('prometheus', ['prometheus'], progress), 'usr/bin/promtool')
  const version = /version (\S+)/.exec(await mustRun([program, '--version']))?.[1] ?? ''
  return [{ name: 'promtool', version, argv: [program], env: {}, root: '' }]
}

/** The files of packages that would set up a service if they were installed. */
async function unpackedFromBookworm(
  name: string,
  packages: readonly string[],
  progress: (line: string) => void,
): Promise<string> {
  const directory = join(cacheDirectory(), `bookworm-${name}`)
  if (!(await exists(directory))) {
    progress(`unpacking ${name}`)
    const fresh = `${directory}.new`
    await rm(fresh, { recursive: true, force: true })
    await mkdir(fresh)
    await refreshLists()
    const download = ['apt-get', '-q', '-o', 'APT::Sandbox::User=root', 'download', ...packages]
    await mustRun(download, { cwd: fresh, timeoutMs: 120_000 })
    await mustRun(['sh', '-ec', 'for deb in *.deb; do dpkg -x "$deb" unpacked; done; rm *.deb'], { cwd: fresh })
    await rename(fresh, directory)
  }
  return join(directory, 'unpacked')
}

/** Debian keeps the newest in every release. With a font: it depends on none, and would draw text as boxes. */
async function chromiumFromBookworm(progress: (line: string) => void): Promise<Peer[]> {
  await aptInstall(['chromium', 'fonts-dejavu-core'], progress)
  return [await describePeer('chromium', 'chromium', ['/usr/bin/chromium'])]
}

let listsAreFresh = false

async function aptInstall(packages: string[], progress: (line: string) => void): Promise<void> {
  const there = await run(['dpkg-query', '-W', '-f', `\${Package} \${db:Status-Status}\n`, ...packages])
  const wanted = packages.filter((name) => !there.stdout.includes(`${name} installed\n`))
  if (wanted.length === 0) return
  if (process.getuid?.() !== 0) throw new Error(`needs root to install ${wanted.join(', ')}`)
  progress(`installing ${wanted.join(', ')}`)
  await refreshLists()
  await mustRun(['apt-get', 'install', '-qy', '--no-install-recommends', ...wanted], {
    timeoutMs: 600_000,
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  })
}

async function refreshLists(): Promise<void> {
  if (!listsAreFresh && process.getuid?.() === 0) await mustRun(['apt-get', '-q', 'update'], { timeoutMs: 300_000 })
  listsAreFresh = true
}

/** The mirror that the machine takes its own packages from. */
async function debianMirror(): Promise<string> {
  await refreshLists()
  const filter = ['Created-By: Packages', 'Label: Debian', 'Component: main']
  const listed = await mustRun(['apt-get', 'indextargets', '--format', '$(REPO_URI)', ...filter])
  const first = listed.split('\n')[0]
  if (!first) throw new Error('no Debian mirror among the machine’s apt sources')
  return first
}

/** The machine's apt settings that decide how packages are fetched: proxies, date checks, retries. */
async function aptNetworkSettings(): Promise<string> {
  const all = await mustRun(['apt-config', 'dump'])
  return `${all
    .split('\n')
    .filter((line) => /^Acquire::(Check|https?::|Retries|ForceIP)/.test(line))
    .join('\n')}\n`
}

async function describePeer(name: PeerName, debian: string, argv: string[], root = ''): Promise<InstalledPeer> {
  const inside = root ? ['chroot', root] : []
  const version = (await mustRun([...inside, 'dpkg-query', '-W', '-f', `\${Version}`, debian])).replace(/^\d+:/, '')
  return { name, version, argv: [...inside, ...argv], env: {}, root }
}

function cacheDirectory(): string {
  const fallback = process.getuid?.() === 0 ? '/var/cache/saltgate-peers' : join(homedir(), '.cache/saltgate-peers')
  return process.env.SALTGATE_PEERS_DIR ?? fallback
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
