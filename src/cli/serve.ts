/**
 * `saltgate serve`: the front door with its accounts in a data directory, and the console behind it.
 */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { SqliteAccounts } from '../accounts/sqlite-accounts.ts'
import { redactPasswords } from '../console/account-sql/redact.ts'
import { createConsole } from '../console/console.ts'
import { dashboardOptions, dashboardSection, takeDashboardPassword } from '../dashboard/config.ts'
import { loadConfig, serverKeys } from '../server/config.ts'
import type { Door } from '../server/door.ts'
import { FrontDoor, type QueryHandler } from '../server/front-door.ts'
import { loadKeyMaterial } from '../server/key-material.ts'
import { Settings } from '../server/settings.ts'
import { configSource } from './config-source.ts'
import { dashboardSecrets, dashboardText, openCommandDashboard } from './dashboard.ts'
import {
  addDoorOptions,
  announce,
  type DoorOptions,
  firstStartText,
  followSignals,
  publishFacts,
  refuseFacts,
} from './door-command.ts'
import { accountsFile, decoySecret, exposedFiles, makeFirstAccount, takeRootPassword } from './first-start.ts'
import { type Running, reload } from './reload.ts'
import { openDoorSpans } from './spans.ts'
import { terminalLog } from './terminal-log.ts'

const examples = `
Examples:
  $ saltgate serve
  $ saltgate serve --listen 127.0.0.1:3307 --listen /tmp/saltgate.sock
  $ saltgate serve --set max_connections=5000 --set require_secure_transport=ON
  $ SALTGATE_ROOT_PASSWORD=secret saltgate serve --data ./data --json
  $ SALTGATE_DASHBOARD_PASSWORD=secret saltgate serve --dashboard 10.0.0.5:3380
  $ saltgate serve --dashboard off

The configuration file is saltgate.config.ts in the current directory, unless --config names another. SIGHUP reads it and
the certificates again without losing a connection; SIGTERM lets running statements finish and ends, a second one ends at
once. The log goes to stderr.

The dashboard is at http://127.0.0.1:3380, its metrics under /metrics; saltgate top is the same in a terminal.`

export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .description('Open the front door: a server that any MySQL or MariaDB client can log in to')
  addDoorOptions(command)
    .addHelpText('after', examples)
    .showHelpAfterError('(saltgate serve --help shows how, with examples)')
    .action((options: DoorOptions) => serve(options))
}

async function serve(options: DoorOptions): Promise<void> {
  const rootPassword = takeRootPassword()
  const dashboardPassword = takeDashboardPassword()
  const source = configSource(options)
  const load = () => loadConfig({ ...source, sections: { ...source.sections, dashboard: dashboardSection } })
  const config = await load()
  refuseFacts(config)
  const dashboardSettled = await dashboardOptions(config, options.dashboard, dashboardPassword)
  const data = resolve(options.data ?? config.data)
  const settings = new Settings(config.settings)
  const log = terminalLog(options.logLevel, options.logFormat)
  const keys = await loadKeyMaterial({ dataDir: data, ...serverKeys(config) })
  const accounts = SqliteAccounts.open(accountsFile(data))
  const decoys = await decoySecret(data)
  const exposed = await exposedFiles(data, config.file, dashboardSecrets(dashboardSettled))
  for (const warning of [...settings.startupWarnings, ...keys.warnings, ...exposed]) {
    log.warn({}, warning)
  }
  if (config.sections.gateway !== undefined) {
    log.warn({}, `${config.file} describes a gateway, which saltgate serve is not: saltgate gateway opens it`)
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
  const watched = { administered: front.door, listening: front.listening }
  const dashboard = await openCommandDashboard(dashboardSettled, { watched, data, keys, log })
  const spans = await openDoorSpans(front.door, log)
  // Only now: had the door not opened, nobody would have seen the password.
  const root = makeFirstAccount(accounts, rootPassword, settings.get('caching_sha2_password_digest_rounds'))
  if (!accounts.list().some(({ privileges }) => privileges.has('CREATE USER'))) {
    log.warn({}, 'no account may administer this server: saltgate user add NAME --admin makes one')
  }
  publishFacts(settings, front.listening, data)

  const running: Running = Object.assign(inForce, { front, settings, data, log })
  followSignals({
    log,
    lasting: 'statements',
    close: async () => {
      await front.close()
      await Promise.all([dashboard?.close(), spans.close()])
      accounts.close()
    },
    reload: () =>
      reload(running, load, async (_, freshKeys) => {
        dashboard?.reload(freshKeys)
        return []
      }),
  })
  announce(front.listening, {
    json: options.json === true,
    user: 'root',
    text: (root === undefined ? '' : firstStartText(root.password, '')) + dashboardText(dashboard),
    facts: {
      ...(root !== undefined && { rootPassword: root.password }),
      ...(dashboard !== undefined && { dashboard: dashboard.url }),
    },
  })
}

/** `onQuery` of the configuration that is in force now, else the console. */
function configuredHandler(door: Door, inForce: Pick<Running, 'config'>): QueryHandler {
  const console = createConsole(door)
  return {
    onQuery: (sql, session, parameters) => (inForce.config.onQuery ?? console.onQuery)(sql, session, parameters),
    close: () => console.close(),
  }
}
