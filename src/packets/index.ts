/**
 * The subpath `saltgate/packets`: every packet that this package knows, both directions, and a table of them by name.
 */

import { decodeAuthMoreData, encodeAuthMoreData } from './auth-more-data.ts'
import { decodeAuthNextFactor, encodeAuthNextFactor } from './auth-next-factor.ts'
import { decodeAuthSwitchRequest, encodeAuthSwitchRequest } from './auth-switch-request.ts'
import { decodeComChangeUser, encodeComChangeUser } from './com-change-user.ts'
import { decodeComFieldList, encodeComFieldList } from './com-field-list.ts'
import { decodeComInitDb, encodeComInitDb } from './com-init-db.ts'
import { decodeComProcessKill, encodeComProcessKill } from './com-process-kill.ts'
import { decodeComQuery, encodeComQuery } from './com-query.ts'
import { decodeComSetOption, encodeComSetOption } from './com-set-option.ts'
import { decodeComStmtClose, encodeComStmtClose } from './com-stmt-close.ts'
import { decodeComStmtFetch, encodeComStmtFetch } from './com-stmt-fetch.ts'
import {
  decodeComStmtPrepare,
  decodeStmtPrepareOk,
  encodeComStmtPrepare,
  encodeStmtPrepareOk,
} from './com-stmt-prepare.ts'
import { decodeComStmtReset, encodeComStmtReset } from './com-stmt-reset.ts'
import { decodeComStmtSendLongData, encodeComStmtSendLongData } from './com-stmt-send-long-data.ts'
import { decodeEof, encodeEof } from './eof.ts'
import { decodeErr, encodeErr } from './err.ts'
import { decodeHandshakeResponse41, encodeHandshakeResponse41 } from './handshake-response-41.ts'
import { decodeHandshakeV10, encodeHandshakeV10 } from './handshake-v10.ts'
import { decodeOk, encodeOk } from './ok.ts'
import { decodeSslRequest, encodeSslRequest } from './ssl-request.ts'

export * from '../errors/errors.ts'
export * from './auth-more-data.ts'
export * from './auth-next-factor.ts'
export * from './auth-switch-request.ts'
export * from './binary-row.ts'
export type { Value } from './binary-value.ts'
export * from './capabilities.ts'
export * from './column-definition.ts'
export * from './com-change-user.ts'
export * from './com-field-list.ts'
export * from './com-init-db.ts'
export * from './com-process-kill.ts'
export * from './com-query.ts'
export * from './com-set-option.ts'
export * from './com-stmt-close.ts'
export * from './com-stmt-execute.ts'
export * from './com-stmt-fetch.ts'
export * from './com-stmt-prepare.ts'
export * from './com-stmt-reset.ts'
export * from './com-stmt-send-long-data.ts'
export * from './commands.ts'
export type { ConnectAttributes } from './connect-attributes.ts'
export * from './eof.ts'
export * from './err.ts'
export * from './handshake-response-41.ts'
export * from './handshake-v10.ts'
export type { LoginHead } from './login-head.ts'
export * from './ok.ts'
export type { Parameter, ParameterType, RememberedParameters } from './parameters.ts'
export * from './result-set-header.ts'
export * from './server-status.ts'
export type { SessionChange } from './session-changes.ts'
export * from './ssl-request.ts'
export * from './text-row.ts'

/** Both directions of a packet whose layout the negotiated capabilities decide alone. */
export interface Codec {
  readonly encode: (packet: never, capabilities: number) => Uint8Array
  readonly decode: (payload: Uint8Array, capabilities: number) => unknown
}

/** By name. Not here: rows, columns and COM_STMT_EXECUTE, which need to know more than the capabilities. */
export const codecs = {
  HandshakeV10: { encode: encodeHandshakeV10, decode: decodeHandshakeV10 },
  SslRequest: { encode: encodeSslRequest, decode: decodeSslRequest },
  HandshakeResponse41: { encode: encodeHandshakeResponse41, decode: decodeHandshakeResponse41 },
  AuthSwitchRequest: { encode: encodeAuthSwitchRequest, decode: decodeAuthSwitchRequest },
  AuthMoreData: { encode: encodeAuthMoreData, decode: decodeAuthMoreData },
  AuthNextFactor: { encode: encodeAuthNextFactor, decode: decodeAuthNextFactor },
  Ok: { encode: encodeOk, decode: decodeOk },
  Err: { encode: encodeErr, decode: decodeErr },
  Eof: { encode: encodeEof, decode: decodeEof },
  ComChangeUser: { encode: encodeComChangeUser, decode: decodeComChangeUser },
  ComInitDb: { encode: encodeComInitDb, decode: decodeComInitDb },
  ComQuery: { encode: encodeComQuery, decode: decodeComQuery },
  ComFieldList: { encode: encodeComFieldList, decode: decodeComFieldList },
  ComProcessKill: { encode: encodeComProcessKill, decode: decodeComProcessKill },
  ComSetOption: { encode: encodeComSetOption, decode: decodeComSetOption },
  ComStmtPrepare: { encode: encodeComStmtPrepare, decode: decodeComStmtPrepare },
  StmtPrepareOk: { encode: encodeStmtPrepareOk, decode: decodeStmtPrepareOk },
  ComStmtSendLongData: { encode: encodeComStmtSendLongData, decode: decodeComStmtSendLongData },
  ComStmtClose: { encode: encodeComStmtClose, decode: decodeComStmtClose },
  ComStmtReset: { encode: encodeComStmtReset, decode: decodeComStmtReset },
  ComStmtFetch: { encode: encodeComStmtFetch, decode: decodeComStmtFetch },
} as const satisfies Record<string, Codec>
