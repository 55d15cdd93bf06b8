/** `saltgate trace --listen A --to B`: the same as of a capture, live, from a tap between clients and their server. */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { createSecureContext } from 'node:tls'
import { type Command, Option } from 'commander'
import { connectOptionsOf, tlsModes } from '../client/named-options.ts'
import { type Target, targetText } from '../client/target.ts'
import { prepareTls } from '../client/tls.ts'
import type { Observation } from '../doctor/observation.ts'
import type { ConnectionReport } from '../doctor/report/connection-report.ts'
import { CaptureFile } from '../doctor/tap/capture-file.ts'
import type { TlsEnding } from '../doctor/tap/end-tls.ts'
import { SavedFlow } from '../doctor/tap/saved-flow.ts'
import { Tap } from '../doctor/tap/tap.ts'
import type { TapHandler } from '../doctor/tap/tap-handler.ts'
import { WatchedFlow } from '../doctor/tap/watched-flow.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { parseListen } from '../server/listen-address.ts'
import { makeCertificates } from '../server/self-made-certificate.ts'
import { version } from '../version.ts'
import { visible } from './visible.ts'

export interface LiveFlags {
  readonly listen?: string
  readonly to?: string
  readonly tls?: 'terminate'
  readonly sslMode?: string
  readonly sslCa?: string
  readonly save?: string
  readonly keylog?: string
  readonly port?: number
}

/** Whether any of the options was given that only make sense live. */
export function isLive({ listen, to, tls, sslMode, sslCa, save }: LiveFlags): boolean {
  return [listen, to, tls, sslMode, sslCa, save].some((flag) => flag !== undefined)
}

/** A login that is told of while its connection goes on has no end yet. */
export function withoutEnd(report: ConnectionReport): ConnectionReport {
  if (report.end.how !== 'open') return report
  return { ...report, steps: report.steps.filter(({ kind }) => kind !== 'Close') }
}

export function addLiveOptions(command: Command): void {
  command
    .option(
      '--listen <address>',
      'stand between clients that connect here (HOST:PORT or a path) and the server of --to',
    )
    .option('--to <address>', 'the server: HOST:PORT, or the path of its socket')
    .addOption(
      new Option(
        '--tls <how>',
        'terminate: end TLS here, to see inside; passwords that clients send in it pass through in clear',
      ).choices(['terminate']),
    )
    .addOption(
      new Option('--ssl-mode <mode>', "with --tls terminate: TLS to the server (default: as in 'connect')").choices(
        tlsModes.slice(1),
      ),
    )
    .option('--ssl-ca <file>', "with --tls terminate: certificates of who vouches for the server's")
    .option(
      '--save <file>',
      'with --listen: write a new capture (pcapng); answers are blanked, statements and rows are not',
    )
}

/**
 * Tells of each login as soon as it is over. Resolves at the first SIGINT or SIGTERM, when all connections were told of and ended.
 *
 * Rejects: `ConfigurationError`.
 */
export async function traceLive(flags: LiveFlags, onSeen: (seen: Observation) => void): Promise<undefined> {
  const { listen, to, save, keylog, port } = flags
  if (listen === undefined || to === undefined) throw new ConfigurationError('--listen and --to belong together')
  if (keylog !== undefined || port !== undefined) {
    throw new ConfigurationError('--keylog and --port are for captures; --tls terminate sees inside TLS live')
  }
  const target = targetAt('--to', to)
  const ending = await endingOf(flags, target)
  const file = save === undefined ? undefined : captureFile(save)
  let number = 0
  const tap = await Tap.open({
    listen: targetAt('--listen', listen),
    to: target,
    ending,
    open(opened) {
      number++
      const watched = new WatchedFlow(opened, number, onSeen)
      return file === undefined
        ? watched
        : both(watched, new SavedFlow(file.writer, opened, number, ending !== undefined))
    },
    onProblem: (why, client) => tell(client === undefined ? why : `${client.address}:${client.port}: ${why}`),
  }).catch((error: unknown) => {
    file?.discard()
    throw error
  })
  if (ending !== undefined) tell(warning)
  process.stderr.write(`saltgate tap ready on ${visible(targetText(tap.address))}, to ${visible(targetText(target))}\n`)
  await signalled()
  await tap.close()
  file?.close()
  return undefined
}

const warning =
  'TLS ends here: whatever clients send inside it passes through this process in clear, passwords of caching_sha2_password, sha256_password and mysql_clear_password among it. Clients that verify certificates will not come in'

function targetAt(option: string, text: string): Target {
  try {
    const address = parseListen(text)
    return address.kind === 'unix' ? { kind: 'socket', path: address.path } : address
  } catch (cause) {
    const forms = 'HOST:PORT (127.0.0.1:3307), [IPv6]:PORT ([::1]:3307) or a socket path (/run/mysqld.sock)'
    throw new ConfigurationError(`${option} takes ${forms}, not '${text}'`, { cause })
  }
}

async function endingOf({ tls, sslMode, sslCa }: LiveFlags, target: Target): Promise<TlsEnding | undefined> {
  if (tls === undefined) {
    if (sslMode === undefined && sslCa === undefined) return undefined
    throw new ConfigurationError(
      '--ssl-mode and --ssl-ca go with --tls terminate: without it TLS passes through as it is',
    )
  }
  const settings = Object.entries({ 'ssl-mode': sslMode, 'ssl-ca': sslCa }).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value, origin: 'the command line' }],
  )
  const { tls: options = {} } = connectOptionsOf(settings, (path) => readFileSync(path))
  const { cert, key } = await makeCertificates(hostname(), Date.now())
  return {
    clientSide: createSecureContext({ cert, key: key.export({ type: 'pkcs8', format: 'pem' }) }),
    serverSide: prepareTls(options, target),
  }
}

function captureFile(path: string): CaptureFile {
  return new CaptureFile(path, {
    application: `Saltgate ${version}`,
    comment:
      'Seen by a tap: the frames are made up, their bytes and times are not. Answers are blanked by *, statements and rows are as they were. What was compressed is left out.',
    onFailed: (why) => tell(`nothing more is saved to ${path}: ${why}`),
  })
}

function both(one: TapHandler, other: TapHandler): TapHandler {
  return {
    onData(from, bytes, atMs) {
      one.onData(from, bytes, atMs)
      other.onData(from, bytes, atMs)
    },
    onGap() {},
    insideTls: (facts) => {
      one.insideTls?.(facts)
      other.insideTls?.(facts)
    },
    onEnd(from, how, atMs) {
      one.onEnd(from, how, atMs)
      other.onEnd(from, how, atMs)
    },
    finish() {
      one.finish()
      other.finish()
    },
  }
}

function signalled(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
}

function tell(text: string): void {
  process.stderr.write(`saltgate: ${visible(text)}\n`)
}
