/**
 * `saltgate serve`: the front door with its accounts in a data directory, and the console behind it.
 */
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { SqliteAccounts } from '../accounts/sqlite-accounts.ts'
import { redactPasswords } from '../console/account-sql/redact.ts'
import { createConsole } from '../console/console.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { type LoadedConfig, loadConfig, serverKeys } from '../server/config.ts'
import type { Door } from '../server/door.ts'
import { FrontDoor, type QueryHandler } from '../server/front-door.ts'
import { loadKeyMaterial } from '../server/key-material.ts'
import { type ListenAddress, showListen } from '../server/listen-address.ts'
import { Settings } from '../server/settings.ts'
import { accountsFile, decoySecret, exposedFiles, makeFirstAccount, takeRootPassword } from './first-start.ts'
import { type Running, reload } from './reload.ts'
import { logLevels, terminalLog } from './terminal-log.ts'

interface ServeOptions {
  readonly listen?: string[]
  readonly data?: string
  readonly config?: string
  readonly set?: string[]
  readonly logLevel: (typeof logLevels)[number]
  readonly json?: true
}

const examples = `
Examples:
  $ saltgate serve
  $ saltgate serve --listen 127.0.0.1:3307 --listen /tmp/saltgate.sock
  $ saltgate serve --set max_connections=5000 --set require_secure_transport=ON
  $ SALTGATE_ROOT_PASSWORD=secret saltgate serve --data ./data --json

The configuration file is saltgate.config.ts in the current directory, unless --config names another. SIGHUP reads it and
the certificates again without losing a connection; SIGTERM lets running statements finish and ends, a second one ends at
once. The log goes to stderr.`

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('Open the front door: a server that any MySQL or MariaDB client can log in to')
    .option('--listen <address...>', 'HOST:PORT, [IPv6]:PORT or the path of a unix socket (default: 127.0.0.1:3307)')
    .option('--data <dir>', 'where accounts, keys and certificates are kept (default: ./saltgate-data)')
    .option('--config <file>', 'configuration file (default: ./saltgate.config.ts if there is one)')
    .option('--set <variable=value...>', 'set a system variable, as SET GLOBAL does')
    .addOption(new Option('--log-level <level>', 'what the log holds').choices(logLevels).default('info'))
    .option('--json', 'print what happens as one JSON object per line')
    .addHelpText('after', examples)
    .showHelpAfterError('(saltgate serve --help shows how, with examples)')
    .action((options: ServeOptions) => serve(options))
}

async function serve(options: ServeOptions): Promise<void> {
  const rootPassword = takeRootPassword()
  const load = () =>
    loadConfig({
      directory: process.cwd(),
      ...(options.config !== undefined && { file: options.config }),
      ...(options.set !== undefined && { set: options.set }),
    })
  const config = await load()
  refuseFacts(config)
  const data = resolve(options.data ?? config.data)
  const settings = new Settings(config.settings)
  const log = terminalLog(options.logLevel, options.json === true)
  const keys = await loadKeyMaterial({ dataDir: data, ...serverKeys(config) })
  const accounts = SqliteAccounts.open(accountsFile(data))
  const decoys = await decoySecret(data)
  for (const warning of [...settings.startupWarnings, ...keys.warnings, ...(await exposedFiles(data, config.file))]) {
    log.warn({}, warning)
  }

  const inForce: Pick<Running, 'config'> = { config }
  const front = await FrontDoor.open({
    accounts,
    settings,
    keys,
    handler: (door) => configuredHandler(door, inForce),
    listen: options.listen ?? config.listen,
    databases: config.onQuery !== undefined && config.databases.length === 0 ? 'any' : config.databases,
    decoySecret: decoys,
    redact: redactPasswords,
    log,
  })
  // Only now: had the door not opened, nobody would have seen the password.
  const root = makeFirstAccount(accounts, rootPassword, settings.get('caching_sha2_password_digest_rounds'))
  if (!accounts.list().some(({ privileges }) => privileges.has('CREATE USER'))) {
    log.warn({}, 'no account may administer this server: saltgate user add NAME --admin makes one')
  }
  publishFacts(settings, front.listening, data)

  const running: Running = Object.assign(inForce, { front, settings, data, log })
  followSignals(running, load, () => accounts.close())
  announce(front.listening, root?.password, options.json === true)
}

/** `onQuery` of the configuration that is in force now, else the console. */
function configuredHandler(door: Door, inForce: Pick<Running, 'config'>): QueryHandler {
  const console = createConsole(door)
  return {
    onQuery: (sql, session, parameters) => (inForce.config.onQuery ?? console.onQuery)(sql, session, parameters),
    close: () => console.close(),
  }
}

function followSignals(running: Running, load: () => Promise<LoadedConfig>, closeAccounts: () => void): void {
  const { front, log } = running
  let closing = false
  const close = (signal: NodeJS.Signals) => {
    if (closing) process.exit(1)
    closing = true
    log.info({}, `${signal}: the door is closed; running statements may finish, and a second ${signal} ends them`)
    front.close().then(
      () => {
        closeAccounts()
        process.exit(0)
      },
      (error: unknown) => {
        log.error({ err: error }, 'closing failed')
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', close)
  process.on('SIGINT', close)

  let reloading = Promise.resolve()
  process.on('SIGHUP', () => {
    reloading = reloading
      .then(() => reload(running, load))
      .then(
        () => log.info({}, 'configuration and certificates were read again'),
        (error: unknown) => log.error({ err: error }, 'SIGHUP: everything stays as it was'),
      )
  })
}

/** Variables that only report what the options decide; setting them would change nothing. */
function refuseFacts(config: LoadedConfig): void {
  const decidedBy = { port: '--listen', bind_address: '--listen', socket: '--listen', datadir: '--data' }
  for (const [name, option] of Object.entries(decidedBy)) {
    if (name in config.settings) throw new ConfigurationError(`${name} cannot be set: ${option} decides it`)
  }
}

/** What only the running server knows, for SHOW VARIABLES. */
function publishFacts(settings: Settings, listening: readonly ListenAddress[], data: string): void {
  settings.setAtStartup('hostname', hostname())
  settings.setAtStartup('datadir', data)
  for (const address of listening.toReversed()) {
    if (address.kind === 'tcp') {
      settings.setAtStartup('port', address.port)
      settings.setAtStartup('bind_address', address.host)
    } else settings.setAtStartup('socket', address.path)
  }
}

/** The last line on stdout is the sign of readiness that scripts wait for. */
function announce(listening: readonly ListenAddress[], rootPassword: string | undefined, json: boolean): void {
  const addresses = listening.map(showListen)
  if (json) {
    const secret = rootPassword !== undefined && { rootPassword }
    process.stdout.write(`${JSON.stringify({ event: 'ready', listening: addresses, ...secret })}\n`)
  } else {
    if (rootPassword !== undefined) process.stdout.write(firstStartText(rootPassword))
    process.stdout.write(`Log in with the client that you have:\n\n${listening.flatMap(logins).join('\n')}\n\n`)
  }
  process.stdout.write(`saltgate ready on ${addresses.join(', ')}\n`)
}

function firstStartText(password: string): string {
  return `This is the first start. The account root@localhost has the password

    ${password}

It is shown only now. Change it with: saltgate user passwd root@localhost

`
}

/** Lines to copy. */
function logins(address: ListenAddress): readonly string[] {
  if (address.kind === 'unix')
    return ['mysql', 'mariadb'].map((client) => `    ${client} -S ${address.path} -u root -p`)
  const host = { '::': '::1', '0.0.0.0': '127.0.0.1' }[address.host] ?? address.host
  return ['mysql', 'mariadb'].map((client) => `    ${client} -h ${host} -P ${address.port} -u root -p`)
}
