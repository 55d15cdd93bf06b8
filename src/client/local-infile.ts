/**
 * LOAD DATA LOCAL INFILE: the server names a file, and the client sends one. A server may name any file at any statement, so
 * the name is only shown to the caller, who alone decides what, if anything, is sent.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_local_infile_request.html
 */
import { clientError, type MysqlError } from '../errors/errors.ts'
import type { Reply } from './conversation.ts'

/** Supplies the content of the file that the server named, in pieces; a throw refuses it. */
export type LocalInfile = (name: string) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** Bytes of one packet. */
const pieceLength = 65_536

/** The empty packet ends the file; the server goes on with what it has. */
export function refuseFile(reply: Reply): void {
  reply.send(new Uint8Array(0))
  void reply.flushed()
}

/**
 * Sends the file in the background; the server answers when it is complete. `failed` is told why it is not. When nobody wants the
 * statement any more, the file ends early.
 */
export function sendFile(
  supply: LocalInfile,
  name: string,
  reply: Reply,
  wanted: () => boolean,
  failed: (error: MysqlError) => void,
): void {
  pieces()
    .catch((cause: unknown) => {
      const error = clientError('CR_LOAD_DATA_LOCAL_INFILE_REJECTED')
      error.cause = cause
      failed(error)
    })
    .finally(() => refuseFile(reply))

  async function pieces(): Promise<void> {
    for await (const chunk of supply(name)) {
      for (let at = 0; at < chunk.length; at += pieceLength) {
        reply.send(chunk.subarray(at, at + pieceLength))
        await reply.flushed()
        if (reply.lost !== undefined || !wanted()) return
      }
    }
  }
}
