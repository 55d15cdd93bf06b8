/** `saltgate diff`: two logins side by side, and first what can decide that one gets in and the other does not. */
import type { Command } from 'commander'
import { diffReports } from '../doctor/diff.ts'
import { diffText } from '../doctor/diff-text.ts'
import type { ConnectionReport } from '../doctor/report/connection-report.ts'
import { HostNames } from '../doctor/report/redact-hosts.ts'
import { jsonLine } from '../doctor/report/visible.ts'
import { knownPassword } from './trace/known-password.ts'
import { loginToCompare } from './trace/login-to-compare.ts'
import { wholeNumber } from './trace/whole-number.ts'

export function addDiff(program: Command): void {
  program
    .command('diff <a> <b>')
    .description('Compare two logins: of captures, of traces in JSON, or made now as a client would make them')
    .showHelpAfterError('(saltgate diff --help shows what there is)')
    .option('--keylog <file>', 'read inside TLS with the secrets of this NSS key log (SSLKEYLOGFILE)')
    .option('--password', 'test the proofs of both with a password: MYSQL_PWD, or asked for')
    .option('--port <port>', 'the connections to this port', wholeNumber)
    .option('--json', 'print one JSON object')
    .option('--redact-hosts', 'put host-1, host-2, ... in the place of names and addresses')
    .addHelpText('after', examples)
    .action(run)
}

interface DiffFlags {
  readonly keylog?: string
  readonly password?: true
  readonly port?: number
  readonly json?: true
  readonly redactHosts?: true
}

async function run(a: string, b: string, { keylog, port, json, redactHosts, ...flags }: DiffFlags): Promise<void> {
  const options = { keylog, port, password: flags.password ? await knownPassword() : undefined }
  const hosts = redactHosts ? new HostNames() : undefined
  const reports: ConnectionReport[] = []
  for (const spec of [a, b]) {
    const report = await loginToCompare(spec, options)
    reports.push(hosts?.redact(report) ?? report)
  }
  const pair = reports as [ConnectionReport, ConnectionReport]
  const names: [string, string] = redactHosts ? ['', ''] : [shownSpec(a), shownSpec(b)]
  const differences = diffReports(...pair)
  process.stdout.write(
    json
      ? `${jsonLine({ a: summary(pair[0], names[0]), b: summary(pair[1], names[1]), differences })}\n`
      : diffText(pair, names, differences, {
          colour: process.stdout.isTTY === true,
          width: process.stdout.columns ?? 160,
        }),
  )
  process.exitCode = differences.some(({ decides }) => decides === 'yes') ? 1 : 0
}

/** Without a URI, which may hold a password. */
function shownSpec(spec: string): string {
  return spec.replace(/^(persona:.+?)@\w+:\/\/.*$/s, '$1')
}

/** The fields of a report by which its reader knows it. */
function summary(report: ConnectionReport, source: string) {
  const { number, client, server, user, changedUser, plugins, channel, outcome, error, verdict } = report
  return { source, number, client, server, user, changedUser, plugins, channel, outcome, error, verdict }
}

const examples = `
A LOGIN is a capture (login.pcap, login.pcap#3 for its third connection), what saltgate trace --json printed (trace.json#3), or a client
by name and the server where it is to log in now (persona:pymysql@1.1.1@mysql://app@db.example.com).

Examples:
  $ saltgate diff works.pcap fails.pcap
  $ saltgate diff login.pcap#1 login.pcap#2 --password
  $ saltgate diff trace.json#4 fails.pcapng --keylog keys.txt
  $ MYSQL_PWD=... saltgate diff persona:mysql@9.7@mysql://app@db persona:pymysql@1.1.1@mysql://app@db
  $ saltgate diff works.pcap fails.pcap --json | jq '.differences[0]'

Exit codes: 0 nothing that surely decides a login differs, 1 something does, 2 wrong use.`
