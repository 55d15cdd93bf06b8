/** `saltgate trace`: what was said in the connections of a capture, why logins failed, and how to mend it. */
import { createWriteStream, type WriteStream } from 'node:fs'
import { type Command, Option } from 'commander'
import type { ConnectionReport } from '../doctor/report/connection-report.ts'
import { explainedReport } from '../doctor/report/explained-report.ts'
import { htmlConnection, htmlFoot, htmlHead } from '../doctor/report/html.ts'
import { ladder } from '../doctor/report/ladder.ts'
import { HostNames } from '../doctor/report/redact-hosts.ts'
import { summaryOf, summaryText } from '../doctor/report/summary.ts'
import { jsonLine } from '../doctor/report/visible.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { type CaptureRead, type CaptureReader, readCapture } from './trace/capture-source.ts'
import { knownPassword } from './trace/known-password.ts'
import { Progress } from './trace/progress.ts'
import { wholeNumber } from './trace/whole-number.ts'
import { addLiveOptions, isLive, type LiveFlags, traceLive, withoutEnd } from './trace-live.ts'
import { visible } from './visible.ts'

export function addTrace(program: Command): void {
  const command = program
    .command('trace [file]')
    .description(
      'Tell what was said in the connections of a capture (pcap, pcapng, gzip; - reads stdin) or, live, between clients and a server, and why logins failed',
    )
    .showHelpAfterError('(saltgate trace --help shows what there is)')
    .option('--keylog <file>', 'read inside TLS with the secrets of this NSS key log (SSLKEYLOGFILE)')
    .option('--password', 'test the proofs of logins with a password: MYSQL_PWD, or asked for')
    .option('--port <port>', 'all connections to this port, whatever they speak', wholeNumber)
    .option('--connection <number>', 'only this connection', wholeNumber)
    .addOption(new Option('--only <outcome>', 'only connections that ended so').choices(['ok', 'refused', 'aborted']))
    .option('--verbose', 'every field of each packet, and its bytes')
    .addOption(
      new Option('--summary', 'one line per connection, without its packets and findings').conflicts([
        'verbose',
        'html',
        'password',
        'redactHosts',
      ]),
    )
    .option('--json', 'print one JSON object per connection and line')
    .option('--html <file>', 'write a page to pass on, in the place of lines')
    .option('--redact-hosts', 'put host-1, host-2, ... in the place of names and addresses')
    .addHelpText('after', examples)
    .action(run)
  addLiveOptions(command)
}

interface TraceFlags extends LiveFlags {
  readonly keylog?: string
  readonly password?: true
  readonly port?: number
  readonly connection?: number
  readonly only?: 'ok' | 'refused' | 'aborted'
  readonly verbose?: true
  readonly json?: true
  readonly summary?: true
  readonly html?: string
  readonly redactHosts?: true
}

async function run(file: string | undefined, flags: TraceFlags): Promise<void> {
  const live = isLive(flags)
  if (live === (file !== undefined)) throw new ConfigurationError('trace takes a capture, or --listen and --to')
  const password = flags.password ? await knownPassword() : undefined
  const progress = new Progress(process.stderr)
  const hosts = flags.redactHosts ? new HostNames() : undefined
  const page = flags.html === undefined ? undefined : await opened(flags.html)
  const tally = { ok: 0, refused: 0, aborted: 0, decisive: 0 }

  // Ctrl-C ends tcpdump in front of us, too: what it has sent is still told. A second one ends this.
  if (file === '-') process.once('SIGINT', () => {})
  page?.write(htmlHead())
  const reader: CaptureReader = {
    onSeen(seen) {
      if (flags.only !== undefined && seen.outcome !== flags.only) return
      if (flags.connection !== undefined && seen.number !== flags.connection) return
      if (flags.summary) {
        tally[seen.outcome]++
        const summary = summaryOf(seen)
        process.stdout.write(`${flags.json ? jsonLine(summary) : summaryText(summary)}\n`)
        return
      }
      const explained = explainedReport(seen, { password, hex: flags.verbose ?? false })
      const known = live ? withoutEnd(explained) : explained
      const report = hosts?.redact(known) ?? known
      tally[report.outcome]++
      if (report.findings.some(({ severity }) => severity === 'decisive')) tally.decisive++
      if (flags.json || page === undefined) {
        progress.clear()
        process.stdout.write(flags.json ? `${jsonLine(report)}\n` : shownLadder(report, flags))
      }
      page?.write(htmlConnection(report))
    },
    ready: () => drained(process.stdout) ?? (page && drained(page)),
    onProgress: (bytes, of) => progress.show(bytes, of),
  }
  const { keylog, port } = flags
  const read =
    file === undefined
      ? await traceLive(flags, reader.onSeen)
      : await readCapture({ file, keylog, port, summary: flags.summary ?? false }, reader)
  progress.clear()
  if (page !== undefined) await closed(page, htmlFoot(tally))
  process.stderr.write(visibleLines(closingWords(read, tally, flags)))
  process.exitCode = exitCode(read, tally)
}

function shownLadder(report: ConnectionReport, flags: TraceFlags): string {
  return ladder(report, { colour: process.stdout.isTTY === true, verbose: flags.verbose ?? false })
}

type Tally = { readonly [what in 'ok' | 'refused' | 'aborted' | 'decisive']: number }

/** What is not in any report. */
function closingWords(read: CaptureRead | undefined, tally: Tally, flags: TraceFlags): string[] {
  const { ok, refused, aborted } = tally
  const shown = ok + refused + aborted
  return [
    ...(read === undefined ? [] : captureWords(read, shown, flags)),
    shown > 0 && !flags.json
      ? `${shown} ${shown === 1 ? 'connection' : 'connections'}: ${ok} ok, ${refused} refused, ${aborted} aborted`
      : '',
    flags.html === undefined ? '' : `written to ${flags.html}`,
  ].filter((line) => line !== '')
}

function captureWords({ summary, others }: CaptureRead, shown: number, flags: TraceFlags): string[] {
  const { stopped, droppedFlows } = summary
  const beside = Array.from(others, ([what, times]) => `${times} of ${what}`)
  const unfit = Array.from(summary.skipped, ([why, times]) => `${times} ${why}`)
  return [
    stopped === undefined ? '' : `saltgate: the capture was read up to offset ${stopped.offset}: ${stopped.why}`,
    droppedFlows === 0 ? '' : `saltgate: too many connections at a time: ${droppedFlows} were told before their end`,
    shown > 0 || flags.json ? '' : `saltgate: no ${describes(flags)} in ${summary.frames} frames`,
    shown === 0 && unfit.length > 0 ? `saltgate: frames that are no TCP: ${unfit.join(', ')}` : '',
    beside.length > 0 && shown === 0
      ? `saltgate: connections that do not speak MySQL: ${beside.slice(0, 10).join(', ')}; --port shows those of a port`
      : '',
  ]
}

function describes({ only, port, connection }: TraceFlags): string {
  const which = [only, 'MySQL connection', port && `to port ${port}`, connection && `with the number ${connection}`]
  return which.filter(Boolean).join(' ')
}

/** 2 for what is no capture, 1 where a login failed or would fail elsewhere. */
function exitCode(read: CaptureRead | undefined, { refused, aborted, decisive }: Tally): number {
  if (read?.summary.frames === 0 && read.summary.stopped !== undefined) return 2
  return refused + aborted + decisive > 0 ? 1 : 0
}

function visibleLines(lines: readonly string[]): string {
  return lines.map((line) => `${visible(line)}\n`).join('')
}

function opened(file: string): Promise<WriteStream> {
  const stream = createWriteStream(file)
  return new Promise((resolve, reject) => {
    stream.once('open', () => resolve(stream))
    stream.once('error', (cause) => reject(new ConfigurationError(`cannot write ${file}: ${cause.message}`, { cause })))
  })
}

function drained(stream: NodeJS.WritableStream & { writableNeedDrain: boolean }): Promise<void> | undefined {
  if (!stream.writableNeedDrain) return undefined
  return new Promise((resolve) => stream.once('drain', resolve))
}

function closed(stream: WriteStream, last: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject)
    stream.end(last, resolve)
  })
}

const examples = `
Examples:
  $ tcpdump -i any -s 0 -U -w - port 3306 | saltgate trace -
  $ saltgate trace login.pcap --only refused
  $ saltgate trace login.pcapng --keylog keys.txt --verbose
  $ MYSQL_PWD=... saltgate trace login.pcap --password
  $ saltgate trace big.pcap.gz --json | jq -r 'select(.outcome != "ok") | .verdict'
  $ saltgate trace login.pcap --redact-hosts --html report.html
  $ saltgate trace --listen 127.0.0.1:3307 --to db.example.com:3306 --save logins.pcapng
  $ saltgate trace --listen 127.0.0.1:3307 --to db.example.com:3306 --tls terminate --ssl-ca db-ca.pem

Answers, passwords and tokens are told by their length only. Connections are printed as they end, live ones once their login
is over; SIGINT ends it.
Exit codes: 0 all logged in, 1 a login was refused or aborted or a decisive finding is there, 2 wrong use or no capture.`
