/**
 * `saltgate connect`: logs in to a server as the mysql client does, and runs statements: a shell on a terminal, a batch from -e, a
 * pipe or a file.
 */
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { ConnectOptions } from '../client/options.ts'
import { MysqlError } from '../errors/errors.ts'
import { runBatch } from './connect/batch.ts'
import { ConnectedSession } from './connect/connected-session.ts'
import { connectionOptions } from './connect/connection-options.ts'
import { addConnectionOptions } from './connect/connection-options-argv.ts'
import { explained } from './connect/explain.ts'
import { errorLine } from './connect/footer.ts'
import type { FormatName } from './connect/result-format.ts'
import { runShell } from './connect/shell.ts'
import { visibleText } from './connect/visible-text.ts'

export function addConnect(program: Command): void {
  addConnectionOptions(
    program
      .command('connect [target]')
      .description('Log in to a MySQL or MariaDB server and run statements')
      .showHelpAfterError('(saltgate connect --help shows what there is)')
      .option('-e, --execute <sql>', 'run these statements and leave')
      .option('--explain', 'print each step of the login with its time, on stderr')
      .option('--json', 'print each row as a JSON object on a line')
      .option('-t, --table', 'print tables, also where the output is no terminal')
      .option('-B, --batch', 'print values between tabs, also on a terminal')
      .option('-E, --vertical', 'print a line for each value')
      .option('-N, --skip-column-names', 'leave out the names of columns')
      .option('-r, --raw', 'print values between tabs as they are')
      .option('-f, --force', 'go on after an error')
      .option('--show-warnings', 'print warnings after each statement')
      .option('--local-infile', 'let LOAD DATA LOCAL INFILE send a file that the statement names')
      .option('--multi-statements', 'tell the server that one text may hold several statements')
      .addHelpText('after', examples),
  ).action(run)
}

interface ConnectFlags extends Record<string, unknown> {
  readonly execute?: string
  readonly explain?: boolean
  readonly json?: boolean
  readonly table?: boolean
  readonly batch?: boolean
  readonly vertical?: boolean
  readonly skipColumnNames?: boolean
  readonly raw?: boolean
  readonly force?: boolean
  readonly showWarnings?: boolean
  readonly localInfile?: boolean
  readonly multiStatements?: boolean
}

async function run(target: string | undefined, flags: ConnectFlags): Promise<void> {
  const { connect, initCommands, warnings } = await connectionOptions(flags, target)
  for (const warning of warnings) process.stderr.write(`saltgate: [Warning] ${visibleText(warning)}\n`)
  const session = await logIn(flags, connect, initCommands)
  if (session === undefined) return
  const shell = flags.execute === undefined && process.stdin.isTTY === true && process.stdout.isTTY === true
  const options = {
    session,
    output: process.stdout,
    errors: process.stderr,
    format: formatOf(flags, shell),
    footers: shell,
    columnNames: flags.skipColumnNames !== true,
    raw: flags.raw ?? false,
    terminal: process.stdout.isTTY === true,
    force: flags.force ?? false,
    showWarnings: flags.showWarnings ?? false,
  }
  try {
    if (shell) {
      await runShell({ ...options, input: process.stdin, historyFile: join(homedir(), '.saltgate_history') })
    } else {
      const giveUp = new AbortController()
      process.once('SIGINT', () => giveUp.abort())
      const input = flags.execute === undefined ? process.stdin : [Buffer.from(flags.execute)]
      process.exitCode = await runBatch({ ...options, input, signal: giveUp.signal })
    }
  } finally {
    await session.close()
  }
}

/** After: the exit code is 1 where there is no session. */
async function logIn(
  flags: ConnectFlags,
  connect: ConnectOptions,
  initCommands: readonly string[],
): Promise<ConnectedSession | undefined> {
  try {
    return await ConnectedSession.open({
      connect: {
        ...connect,
        bigint: 'bigint',
        ...(flags.multiStatements && { multiStatements: true }),
        ...(flags.explain && {
          onStep: (step, elapsedMs) => {
            const line = flags.json ? JSON.stringify({ elapsedMs, ...step }) : explained(step, elapsedMs)
            process.stderr.write(`${line}\n`)
          },
        }),
      },
      initCommands,
      localInfile: flags.localInfile ?? false,
    })
  } catch (error) {
    if (!(error instanceof MysqlError) || error.code === 0) throw error
    process.stderr.write(`${errorLine(error)}${reported(error)}`)
    process.exitCode = 1
    return undefined
  }
}

/** What is known besides the error itself. */
function reported({ login }: MysqlError): string {
  if (login === undefined) return ''
  const seen = [
    `${login.user === '' ? 'nobody' : login.user} at ${login.target}`,
    login.server && `server ${login.server.version}`,
    login.channel,
    login.plugin,
    `phase ${login.phase}`,
    `after ${Math.round(login.elapsedMs)} ms`,
  ].filter((part) => part !== undefined)
  const doubt =
    login.server !== undefined && !login.authenticated
      ? ' The server is not proven: anybody in between could have said so.'
      : ''
  const hint = login.hint === undefined ? '' : `${login.hint}\n`
  return visibleLines(`(${seen.join(', ')}.${doubt})\n${hint}`)
}

function visibleLines(text: string): string {
  return text.split('\n').map(visibleText).join('\n')
}

function formatOf({ json, vertical, batch, table }: ConnectFlags, shell: boolean): FormatName {
  if (json) return 'json'
  if (vertical) return 'vertical'
  if (batch) return 'tab-separated'
  return table || shell || process.stdout.isTTY ? 'table' : 'tab-separated'
}

const examples = `
Examples:
  $ saltgate connect -h db.example.com -u app -p shop
  $ saltgate connect mysql://app@db.example.com/shop -e 'SELECT COUNT(*) FROM orders'
  $ saltgate connect -u root -S /run/mysqld/mysqld.sock < dump.sql
  $ saltgate connect -h db.example.com -u app --explain -e 'SELECT 1'
  $ saltgate connect -h db.eu-west-1.rds.amazonaws.com -u app --aws-iam-region --ssl-ca rds.pem
  $ saltgate connect -u app -p -e 'SELECT * FROM orders' --json | jq .total

Options come from the command line, the URI, ~/.mylogin.cnf, option files ([client] and [saltgate]) and the environment, in this order.
Exit codes: 0 done, 1 the login or a statement failed, 2 wrong use.`
