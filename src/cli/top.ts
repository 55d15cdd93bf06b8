/** `saltgate top`: the dashboard in a terminal, for those on a server without a browser. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { Second } from '../dashboard/contract.ts'
import { jsonLine } from '../doctor/report/visible.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { type DashboardAddress, DashboardClient, parseDashboardUrl } from './top/dashboard-client.ts'
import { type Paint, painted } from './top/line.ts'
import { pictureLines, pictureOf, seeOnce, tellSeconds } from './top/once.ts'
import { watch } from './top/watch.ts'
import { visible } from './visible.ts'

export function addTop(program: Command): void {
  program
    .command('top [url]')
    .description('Watch a front door or gateway in the terminal: who waits in which step, and why logins are refused')
    .showHelpAfterError('(saltgate top --help shows what there is)')
    .option('--once', 'print one picture and end; so it is too where stdout is no terminal')
    .option('--json', 'print one JSON object per second; with --once one of the door, who is there, and the refusals')
    .option('--cacert <file>', 'certificate, PEM, by which to know a dashboard at https://')
    .option('--cert <file>', 'certificate, PEM, to show to a dashboard that wants one; with --key')
    .option('--key <file>', 'the private key of --cert, PEM')
    .addHelpText('after', help)
    .action(run)
}

interface TopFlags {
  readonly once?: true
  readonly json?: true
  readonly cacert?: string
  readonly cert?: string
  readonly key?: string
}

const usualUrl = 'http://127.0.0.1:3380'

async function run(url: string | undefined, flags: TopFlags): Promise<void> {
  const client = new DashboardClient(addressOf(url ?? usualUrl, flags))
  const { stdin, stdout } = process
  const isTerminal = stdout.isTTY === true && process.env.TERM !== 'dumb'
  const paint: Paint = !isTerminal ? 'plain' : process.env.NO_COLOR ? 'mono' : 'colour'
  if (flags.once || (!flags.json && !isTerminal)) return tellOnce(client, flags, paint)
  if (!flags.json && !stdin.isTTY) {
    throw new ConfigurationError('keys come from a terminal, and stdin is none: give --once or --json')
  }
  // Before the screen changes, or anything is waited for: whether there is a dashboard at all.
  await client.door()
  const ended = new AbortController()
  const end = () => ended.abort()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end)
  if (flags.json) {
    const onLost = (why: string) => void process.stderr.write(`saltgate: ${visible(why)}\n`)
    const onSecond = (second: Second) => {
      // A reader that has stopped reading misses some; nothing is kept for it without end.
      if (!stdout.writableNeedDrain) stdout.write(`${jsonLine(second)}\n`)
    }
    return tellSeconds(client, onSecond, onLost, ended.signal)
  }
  await watch(client, { terminal: { input: stdin, output: stdout }, paint, suspend, signal: ended.signal })
}

async function tellOnce(client: DashboardClient, flags: TopFlags, paint: Paint): Promise<void> {
  const model = await seeOnce(client)
  const { stdout } = process
  if (flags.json) {
    stdout.write(`${jsonLine(pictureOf(model))}\n`)
    return
  }
  const columns = stdout.columns || 120
  stdout.write(
    pictureLines(model, columns)
      .map((line) => `${painted(line, columns, paint)}\n`)
      .join(''),
  )
}

/** With all that were started together with it (npx, npm): the shell waits for those. */
function suspend(): void {
  process.kill(0, 'SIGTSTP')
}

function addressOf(text: string, { cacert, cert, key }: TopFlags): DashboardAddress {
  const password = process.env.SALTGATE_DASHBOARD_PASSWORD || undefined
  const url = parseDashboardUrl(text, password)
  if ((cert === undefined) !== (key === undefined)) throw new ConfigurationError('--cert and --key belong together')
  if (url.protocol === 'http:' && (cacert ?? cert) !== undefined) {
    throw new ConfigurationError(`--cacert and --cert are for a dashboard at https://, not ${url.origin}`)
  }
  return {
    url,
    password,
    ...(cacert !== undefined && { ca: fileOf('--cacert', cacert) }),
    ...(cert !== undefined && { cert: fileOf('--cert', cert) }),
    ...(key !== undefined && { key: fileOf('--key', key) }),
  }
}

function fileOf(option: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new ConfigurationError(`${option} ${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

const help = `
The URL is that of the dashboard (saltgate serve --dashboard, default ${usualUrl}). SALTGATE_DASHBOARD_PASSWORD has its
password, where it wants one. Keys: 1 Now, 2 Over time, 3 Refusals, 4 Hosts, 5 Accounts, 6 Backends, Enter opens, x ends a
connection, f flushes a host, / filters, ? shows all of them, q ends. NO_COLOR is respected.

Examples:
  $ saltgate top
  $ ssh -L 3380:127.0.0.1:3380 db.example.com, and in another terminal: saltgate top
  $ SALTGATE_DASHBOARD_PASSWORD=... saltgate top https://db.example.com:3380 --cacert saltgate-data/ca.pem
  $ saltgate top --once | mail -s 'who is at the door' me@example.com
  $ saltgate top --once --json | jq '.refusals.groups[] | [.count, .cause]'
  $ saltgate top --json | jq -c '[.sample.admitted, .sample.refused]'

Exit codes: 0 done, 1 the dashboard cannot be reached, 2 wrong use.`
