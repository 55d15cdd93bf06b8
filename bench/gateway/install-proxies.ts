/**
 * The proxies that the gateway is measured beside: MySQL Router and HAProxy of Debian sid, installed in the chroot that has MySQL, where
 * no service is started for them.
 */
import { mustRun, run } from '../../test/peers/command.ts'
import { installed, type Peer } from '../../test/peers/install.ts'

export type ProxyName = 'haproxy' | 'mysqlrouter'

/** A program that can be started in its chroot, or the reason why it cannot. */
export type ProxyPeer = InstalledProxy | { readonly name: ProxyName; readonly missing: string }

export interface InstalledProxy {
  readonly name: ProxyName
  readonly version: string
  /** The program with what must stand before its arguments. */
  readonly argv: readonly string[]
  /** The directory that it sees as `/`. */
  readonly root: string
}

const packages: Readonly<Record<ProxyName, { readonly debian: string; readonly program: string }>> = {
  haproxy: { debian: 'haproxy', program: '/usr/sbin/haproxy' },
  mysqlrouter: { debian: 'mysql-router', program: '/usr/bin/mysqlrouter' },
}

/** Installs what is not there yet. Never throws: what cannot be had is missing, by name and with the reason. */
export async function installProxies(peers: readonly Peer[], progress: (line: string) => void): Promise<ProxyPeer[]> {
  const root = installed(peers, 'mysqld')?.root
  const proxies: ProxyPeer[] = []
  for (const name of ['haproxy', 'mysqlrouter'] as const) {
    if (root)
      proxies.push(await install(name, root, progress).catch((error: Error) => ({ name, missing: error.message })))
    else proxies.push({ name, missing: 'no chroot of Debian sid with mysqld to install it in' })
  }
  return proxies
}

async function install(name: ProxyName, root: string, progress: (line: string) => void): Promise<InstalledProxy> {
  const { debian, program } = packages[name]
  const inside = ['chroot', root]
  const version = ['dpkg-query', '-W', '-f', `\${db:Status-Status} \${Version}`, debian]
  const there = await run([...inside, ...version])
  if (!there.stdout.startsWith('installed ')) {
    progress(`installing ${debian} in ${root}`)
    const options = { timeoutMs: 300_000, env: { DEBIAN_FRONTEND: 'noninteractive' } }
    await mustRun([...inside, 'apt-get', '-q', 'update'], options)
    await mustRun([...inside, 'apt-get', 'install', '-qy', '--no-install-recommends', '--no-remove', debian], options)
  }
  const [, found = ''] = (await mustRun([...inside, ...version])).split(' ')
  return { name, version: found, argv: [...inside, program], root }
}
