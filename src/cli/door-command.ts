/** What the commands that open a door have in common: their options, what settings they refuse, how they follow signals. */
import { hostname } from 'node:os'
import { type Command, Option } from 'commander'
import { ConfigurationError } from '../errors/errors.ts'
import type { LoadedConfig } from '../server/config.ts'
import { type ListenAddress, showListen } from '../server/listen-address.ts'
import type { Log } from '../server/log.ts'
import type { Settings } from '../server/settings.ts'
import { type LogFormat, logFormats, logLevels } from './terminal-log.ts'

export interface DoorOptions {
  readonly listen?: string[]
  readonly data?: string
  readonly config?: string
  readonly set?: string[]
  readonly dashboard?: string
  readonly logLevel: (typeof logLevels)[number]
  /** Left out: `pretty` on a terminal, else `json`. */
  readonly logFormat?: LogFormat
  readonly json?: true
}

export function addDoorOptions(command: Command): Command {
  return command
    .option('--listen <address...>', 'HOST:PORT, [IPv6]:PORT or the path of a unix socket (default: 127.0.0.1:3307)')
    .option('--data <dir>', 'where accounts, keys and certificates are kept (default: ./saltgate-data)')
    .option('--config <file>', 'configuration file (default: ./saltgate.config.ts if there is one)')
    .option('--set <variable=value...>', 'set a system variable, as SET GLOBAL does')
    .option(
      '--dashboard <address>',
      'HOST:PORT of the dashboard and its metrics, or off; addresses other than loopback need a password, see docs/dashboard.md',
    )
    .addOption(new Option('--log-level <level>', 'what the log holds').choices(logLevels).default('info'))
    .addOption(
      new Option(
        '--log-format <format>',
        'lines for people or for programs (default: pretty on a terminal, else json)',
      ).choices(logFormats),
    )
    .addOption(
      new Option('--json', 'print what happens as one JSON object per line; the log too').implies({
        logFormat: 'json',
      }),
    )
}

/** Variables that only report what the options decide; setting them would change nothing. Throws: `ConfigurationError`. */
export function refuseFacts(config: LoadedConfig): void {
  const decidedBy = { port: '--listen', bind_address: '--listen', socket: '--listen', datadir: '--data' }
  for (const [name, option] of Object.entries(decidedBy)) {
    if (name in config.settings) throw new ConfigurationError(`${name} cannot be set: ${option} decides it`)
  }
}

/** What only the running server knows, for SHOW VARIABLES. */
export function publishFacts(settings: Settings, listening: readonly ListenAddress[], data: string): void {
  settings.setAtStartup('hostname', hostname())
  settings.setAtStartup('datadir', data)
  for (const address of listening.toReversed()) {
    if (address.kind === 'tcp') {
      settings.setAtStartup('port', address.port)
      settings.setAtStartup('bind_address', address.host)
    } else settings.setAtStartup('socket', address.path)
  }
}

/** SIGTERM and SIGINT close, a second one at once; SIGHUP reads the configuration again. `lasting` is what may still finish. */
export function followSignals(on: {
  readonly log: Log
  readonly lasting: string
  readonly close: () => Promise<void>
  readonly reload: () => Promise<void>
}): void {
  const { log } = on
  let closing = false
  const close = (signal: NodeJS.Signals) => {
    if (closing) process.exit(1)
    closing = true
    log.info({}, `${signal}: the door is closed; running ${on.lasting} may finish, and a second ${signal} ends them`)
    on.close().then(
      () => process.exit(0),
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
    reloading = reloading.then(on.reload).then(
      () => log.info({}, 'configuration and certificates were read again'),
      (error: unknown) => log.error({ err: error }, 'SIGHUP: everything stays as it was'),
    )
  })
}

/**
 * Says that the door is open: with `json` the facts as one line, else text and command lines to copy. The last line on stdout is the sign
 * of readiness that scripts wait for.
 */
export function announce(
  listening: readonly ListenAddress[],
  as: { readonly json: boolean; readonly user: string; readonly text: string; readonly facts: object },
): void {
  const addresses = listening.map(showListen)
  if (as.json) {
    process.stdout.write(`${JSON.stringify({ event: 'ready', listening: addresses, ...as.facts })}\n`)
  } else {
    const lines = listening.flatMap((address) => logins(address, as.user))
    process.stdout.write(`${as.text}Log in with the client that you have:\n\n${lines.join('\n')}\n\n`)
  }
  process.stdout.write(`saltgate ready on ${addresses.join(', ')}\n`)
}

/** `data` is the option that `saltgate user` needs to find the account. */
export function firstStartText(password: string, data: string): string {
  return `This is the first start. The account root@localhost has the password

    ${password}

It is shown only now. Change it with: saltgate user passwd root@localhost${data}

`
}

/** Lines to copy. */
export function logins(address: ListenAddress, user: string): readonly string[] {
  if (address.kind === 'unix')
    return ['mysql', 'mariadb'].map((client) => `    ${client} -S ${address.path} -u ${user} -p`)
  const host = { '::': '::1', '0.0.0.0': '127.0.0.1' }[address.host] ?? address.host
  return ['mysql', 'mariadb'].map((client) => `    ${client} -h ${host} -P ${address.port} -u ${user} -p`)
}
