/**
 * Every way in which this package fails.
 *
 *     MysqlError                 symbol, code, sqlState
 *      ├─ ServerError            an ERR packet, received or about to be sent    ER_*   1000-1999, 3000 upwards
 *      ├─ ClientError            decided on the client, never sent by a server  CR_*   2000-2999
 *      │   └─ ChannelRefused     policy: this plugin would expose the password on this channel
 *      ├─ ProtocolViolation      the peer broke the rules: expected, got, phase
 *      │   └─ MalformedPacket    a field that does not decode: packet, field, offset, needed, available
 *      └─ ConfigurationError     the caller's options, files or arguments cannot work
 *
 * `symbol` is the stable handle; texts may change. No message, `cause` or property ever holds a password, scramble,
 * secret or key.
 */
import { type ClientErrorSymbol, clientErrors, type ServerErrorSymbol, serverErrors } from './codes.ts'
import type { LoginReport } from './login-report.ts'

/** The root: anything that Saltgate throws on purpose is one of these. */
export class MysqlError extends Error {
  readonly symbol: string
  readonly code: number
  readonly sqlState: string
  /** The phase of the protocol in which it happened, where that is known. */
  phase: string | undefined = undefined
  /** Set on every error that ends a client's login. */
  login: LoginReport | undefined = undefined

  constructor(symbol: string, code: number, sqlState: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.symbol = symbol
    this.code = code
    this.sqlState = sqlState
  }
}

export class ServerError extends MysqlError {}

export class ClientError extends MysqlError {}

/** The policy forbids this plugin on this channel; raised before any secret byte leaves. */
export class ChannelRefused extends ClientError {
  constructor(plugin: string, why: string) {
    const { code, sqlState, template } = clientErrors.CR_AUTH_PLUGIN_ERR
    super('CR_AUTH_PLUGIN_ERR', code, sqlState, fill(template, [plugin, why]))
  }
}

/** The peer sent something that is not allowed at this point. */
export class ProtocolViolation extends MysqlError {
  readonly expected: readonly string[]
  readonly got: string

  constructor(
    symbol: ServerErrorSymbol | ClientErrorSymbol,
    what: { readonly phase: string; readonly expected: readonly string[]; readonly got: string },
  ) {
    const row =
      symbol in serverErrors ? serverErrors[symbol as ServerErrorSymbol] : clientErrors[symbol as ClientErrorSymbol]
    super(
      symbol,
      row.code,
      row.sqlState,
      `in phase ${what.phase}: expected ${what.expected.join(' or ') || 'nothing'}, got ${what.got}`,
    )
    this.expected = what.expected
    this.got = what.got
    this.phase = what.phase
  }
}

/** A packet whose bytes do not fit its layout. Holds positions and lengths, never content. */
export class MalformedPacket extends ProtocolViolation {
  readonly packet: string
  readonly field: string
  /** Bytes from the start of the payload. */
  readonly offset: number
  readonly needed: number
  readonly available: number

  constructor(what: {
    packet: string
    field: string
    offset: number
    needed: number
    available: number
    why?: string
  }) {
    super('ER_MALFORMED_PACKET', {
      phase: what.packet,
      expected: [what.why ?? `${what.needed} bytes for ${what.field} at offset ${what.offset}`],
      got: what.why === undefined ? `${what.available} bytes` : `a bad ${what.field} at offset ${what.offset}`,
    })
    this.packet = what.packet
    this.field = what.field
    this.offset = what.offset
    this.needed = what.needed
    this.available = what.available
  }
}

/** Options, files or arguments that cannot work: names what, where and the remedy. */
export class ConfigurationError extends MysqlError {
  constructor(message: string, options?: ErrorOptions) {
    super('SALTGATE_CONFIGURATION', 0, 'HY000', message, options)
  }
}

/** Builds the error that an ERR packet carries; `values` fill the `%s` of the text in order. */
export function serverError(symbol: ServerErrorSymbol, ...values: readonly (string | number)[]): ServerError {
  const { code, sqlState, template } = serverErrors[symbol]
  return new ServerError(symbol, code, sqlState, fill(template, values))
}

/** Makes the error of an ERR packet that was received. One that has no row in the table is called by its number: `ER_1146`. */
export function receivedError(code: number, sqlState: string | undefined, message: string): ServerError {
  const row = symbolOfCode.get(code)
  // Before the greeting an ERR carries no SQLSTATE, because the server does not know yet whether the client can read one.
  return new ServerError(row?.symbol ?? `ER_${code}`, code, sqlState ?? row?.sqlState ?? 'HY000', message)
}

/** Builds an error that a client raises by itself; `values` fill the `%s` of the text in order. */
export function clientError(symbol: ClientErrorSymbol, ...values: readonly (string | number)[]): ClientError {
  const { code, sqlState, template } = clientErrors[symbol]
  return new ClientError(symbol, code, sqlState, fill(template, values))
}

function fill(template: string, values: readonly (string | number)[]): string {
  let next = 0
  return template.replace(/%s/g, () => String(values[next++] ?? ''))
}

const symbolOfCode = new Map(
  Object.entries(serverErrors).map(([symbol, { code, sqlState }]) => [code as number, { symbol, sqlState }]),
)
