/**
 * `saltgate gateway`: the front door with real servers behind it.
 */
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { SqliteAccounts } from '../accounts/sqlite-accounts.ts'
import { dashboardOptions, takeDashboardPassword } from '../dashboard/config.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { mostWorkers } from '../gateway/open.ts'
import { needsOwnAccounts } from '../gateway/running-gateway.ts'
import type { BackendSeen } from '../gateway/view.ts'
import { serverKeys } from '../server/config.ts'
import { loadKeyMaterial } from '../server/key-material.ts'
import { showListen } from '../server/listen-address.ts'
import { Settings } from '../server/settings.ts'
import { dashboardSecrets, dashboardText, openCommandDashboard } from './dashboard.ts'
import { addDoorOptions, announce, firstStartText, followSignals, logins, publishFacts } from './door-command.ts'
import { accountsFile, decoySecret, exposedFiles, takeRootPassword } from './first-start.ts'
import { accountsSql, accountsSqlProducts } from './gateway/accounts-sql.ts'
import type { OpenAdmin } from './gateway/admin.ts'
import { type GatewayOptions, type LoadedGateway, loadGateway } from './gateway/load.ts'
import { openHere } from './gateway/opened.ts'
import { OwnPassword, secretsIn } from './gateway/own-password.ts'
import { printRuleExplanation } from './gateway/print-rule-explanation.ts'
import { type Running, reload } from './reload.ts'
import { terminalLog } from './terminal-log.ts'
import { visible } from './visible.ts'

interface Options extends GatewayOptions {
  readonly explainRule?: string
  readonly replay?: string
  readonly accountsSql?: (typeof accountsSqlProducts)[number]
}

const examples = `
Examples:
  $ saltgate gateway --to mysql://db-1:3306 --to 'mysql://db-2:3306?weight=2'
  $ saltgate gateway --to 'mysql://db-1?ssl-mode=VERIFY_IDENTITY' --listen 0.0.0.0:3306 --set require_secure_transport=ON
  $ SALTGATE_BACKEND_PASSWORD=secret saltgate gateway --to mysql://saltgate@db-1 --to mysql://saltgate@db-2
  $ saltgate gateway --config gateway.config.ts --workers auto --dashboard 127.0.0.1:3380
  $ saltgate gateway --config gateway.config.ts --explain-rule app@10.0.0.7
  $ saltgate gateway --config gateway.config.ts --replay logins.pcap
  $ saltgate gateway --accounts-sql mariadb > gateway.sql

Without rules everybody is relayed: the server judges, and the gateway needs neither accounts nor passwords. User and password of
a server are the gateway's own account there, by which it asks for the server's role; --accounts-sql makes one. Rules, hooks,
pool and limits stand in the section 'gateway' of the configuration file, saltgate.config.ts in the current directory unless
--config names another; passwords are better there, or in SALTGATE_BACKEND_PASSWORD, than on the command line.

SIGHUP reads the configuration and the certificates again without losing a session. SIGTERM lets nobody in, ends idle sessions,
and lets transactions finish; a second one ends at once. The log goes to stderr.`

export function addGateway(program: Command): void {
  const command = program
    .command('gateway')
    .description('Open a gateway: one programmable door in front of MySQL and MariaDB servers')
    .option('--to <uri...>', 'a server: mysql://HOST:3306?name=...&weight=...&role=primary|replica&ssl-mode=...')
  addDoorOptions(command)
    .option('--drain <seconds>', 'how long transactions may go on after SIGTERM (default: 60)', seconds)
    .option(
      '--workers <number>',
      'processes that share the port; auto: as many as there are cores (default: 1)',
      workers,
    )
    .option('--explain-rule <user@host>', 'say which rule decides about a client, and end')
    .option('--replay <capture>', "say what the configuration's hooks decide about the logins of a capture, and end")
    .addOption(
      new Option('--accounts-sql [product]', "print the SQL that makes the gateway's account at a server, and end")
        .choices(accountsSqlProducts)
        .preset('mysql'),
    )
    .addHelpText('after', examples)
    .showHelpAfterError('(saltgate gateway --help shows how, with examples)')
    .action((options: Options) => run(options))
}

async function run(options: Options): Promise<void> {
  const own = OwnPassword.take(options.to ?? [])
  const adminPassword = takeRootPassword('SALTGATE_ADMIN_PASSWORD')
  const dashboardPassword = takeDashboardPassword()
  const load = () => loadGateway(options, own)
  if (options.accountsSql !== undefined) return void process.stdout.write(accountsSql(options.accountsSql))
  const config = await load()
  if (options.explainRule !== undefined) {
    return printRuleExplanation(options.explainRule, config.gateway, options.json === true)
  }
  if (options.replay !== undefined) {
    const { replay } = await import('./gateway/replay.ts')
    return await replay(options.replay, config.gateway, options.json === true)
  }
  await open(options, config, load, { adminPassword, dashboardPassword, own })
}

async function open(
  options: Options,
  config: LoadedGateway,
  load: () => Promise<LoadedGateway>,
  passwords: {
    readonly adminPassword: string | undefined
    readonly dashboardPassword: string | undefined
    readonly own: OwnPassword
  },
): Promise<void> {
  const { adminPassword, dashboardPassword, own } = passwords
  const data = resolve(options.data ?? config.data)
  const settings = new Settings(config.settings)
  const log = terminalLog(options.logLevel, options.logFormat)
  const keys = await loadKeyMaterial({ dataDir: data, ...serverKeys(config) })
  const accounts = SqliteAccounts.open(accountsFile(data))
  const decoys = await decoySecret(data)
  const settled = await dashboardOptions(config, options.dashboard, dashboardPassword)
  const secrets = [...secretsIn(config.gateway), ...dashboardSecrets(settled)]
  const exposed = await exposedFiles(data, config.file, secrets)
  const warnings = [...own.warnings, ...settings.startupWarnings, ...keys.warnings, ...exposed]
  for (const warning of warnings) log.warn({}, warning)

  const common = { config, settings, accounts, log, listen: options.listen ?? config.listen }
  const { admin: adminOn, workers } = config.gateway
  const gateway =
    workers === 1
      ? await openHere({ ...common, keys, decoySecret: decoys })
      : await (await import('./gateway/workers.ts')).openWorkers({ ...common, options, ownPassword: own.password })
  const { listening, administered: administers, view } = gateway
  const admin =
    adminOn &&
    // The console is more code than the gateway. In a process that forwards, it would be gone over at each garbage collection.
    (await (
      await import('./gateway/admin.ts')
    ).openAdmin({
      ...{ gateway: view, administers, data, keys, log, password: adminPassword },
      listen: adminOn.listen,
    }))
  // Unlike that of a front door it is there only for who asks: what stands before production opens no port by itself.
  const inGateway = settled?.asked === true || config.sections.dashboard !== undefined
  const watched = { administered: administers, gateway: view, listening }
  const dashboard = await openCommandDashboard(inGateway ? settled : undefined, { watched, data, keys, log })
  const front = { reload: gateway.renewKeys }
  const running: Running<LoadedGateway> = { config, front, settings, data, log }
  const hintAtAccounts = () => {
    if (!needsOwnAccounts(running.config.gateway.rules.rules) || accounts.list().length > 0) return
    log.warn({}, `a rule goes by the gateway's own accounts, and there are none: saltgate user add NAME --data ${data}`)
  }
  hintAtAccounts()
  publishFacts(settings, listening, data)

  followSignals({
    log,
    lasting: 'transactions',
    close: async () => {
      await gateway.close(options.drain === undefined ? undefined : options.drain * 1000)
      await admin?.close()
      await dashboard?.close()
      accounts.close()
    },
    reload: async () => {
      await reload(running, load, async (fresh, freshKeys) => {
        const later = await gateway.reload(fresh)
        await admin?.front.reload(freshKeys)
        dashboard?.reload(freshKeys)
        return later
      })
      hintAtAccounts()
    },
  })
  await administers.elsewhere?.catchUp()
  const backends = view.backends().map(backendFacts)
  announce(listening, {
    json: options.json === true,
    user: 'USER',
    text: `Servers behind it:\n\n${backendLines(backends)}\n\n${admin === undefined ? '' : adminText(admin)}${dashboardText(dashboard)}`,
    facts: {
      backends,
      ...(workers > 1 && { workers }),
      ...(admin && { admin: adminFacts(admin) }),
      ...(dashboard && { dashboard: dashboard.url }),
    },
  })
}

function adminFacts({ front, rootPassword }: OpenAdmin): object {
  return { listening: front.listening.map(showListen), ...(rootPassword !== undefined && { rootPassword }) }
}

function adminText({ front, data, rootPassword }: OpenAdmin): string {
  const first = rootPassword === undefined ? '' : firstStartText(rootPassword, ` --data ${data}`)
  const lines = front.listening.flatMap((address) => logins(address, 'root'))
  return `Administrators log in to its console:\n\n${lines.join('\n')}\n\n${first}`
}

interface BackendLine {
  readonly name: string
  readonly state: string
  readonly role: string
  readonly version: string | null
  readonly reason: string | null
}

function backendFacts({ name, state, role, serverVersion, reason }: BackendSeen): BackendLine {
  return { name, state, role, version: serverVersion ?? null, reason: reason ?? null }
}

function backendLines(backends: readonly BackendLine[]): string {
  const nameWidth = Math.max(...backends.map(({ name }) => name.length))
  return backends
    .map(({ name, state, role, version, reason }) =>
      [`    ${name.padEnd(nameWidth)}`, state.padEnd(4), role.padEnd(7), version ?? '', reason && `(${reason})`]
        .filter(Boolean)
        .join('  '),
    )
    .map((line) => visible(line))
    .join('\n')
}

function seconds(text: string): number {
  const value = Number(text)
  if (/^\d{1,6}$/.test(text)) return value
  throw new ConfigurationError(`--drain ${text}: write whole seconds (60)`)
}

function workers(text: string): number | 'auto' {
  const value = Number(text)
  if (text === 'auto' || (/^\d{1,3}$/.test(text) && value >= 1 && value <= mostWorkers))
    return text === 'auto' ? text : value
  throw new ConfigurationError(`--workers ${text}: write 1 to ${mostWorkers}, or auto`)
}
