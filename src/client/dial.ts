/** Opens the socket: name, address, TCP or unix; failures become the client errors that users of MySQL know. */
import { connect, isIP, type Socket } from 'node:net'
import { type ClientError, clientError } from '../errors/errors.ts'
import type { LoginStep } from '../machine/login-steps.ts'
import { type Target, targetText } from './target.ts'

/**
 * Starts to connect. After: one of the two callbacks is called once; until then `destroy()` on the result gives up.
 *
 * Units: a failure is CR_CONNECTION_ERROR, CR_CONN_HOST_ERROR or CR_UNKNOWN_HOST.
 */
export function dial(
  target: Target,
  keepAlive: boolean,
  on: { tell(step: LoginStep): void; connected(socket: Socket): void; failed(error: ClientError): void },
): Socket {
  const socket = connect(
    target.kind === 'socket'
      ? { path: target.path }
      : { host: target.host, port: target.port, noDelay: true, keepAlive, autoSelectFamily: true },
  )
  const addresses: string[] = []
  const found = (_error: Error | null, address: string) => {
    if (address !== '') addresses.push(address)
  }
  socket.on('lookup', found)
  const failed = (error: NodeJS.ErrnoException) => on.failed(dialError(target, error))
  socket.once('error', failed)
  socket.once('connect', () => {
    // Node keeps a closed socket for a while, and all that its listeners can reach.
    socket.off('error', failed).off('lookup', found)
    if (target.kind === 'tcp' && addresses.length > 0 && addresses[0] !== target.host) {
      on.tell({ is: 'name-resolved', host: target.host, addresses })
    }
    on.tell({
      is: 'connected',
      address:
        target.kind === 'socket'
          ? target.path
          : targetText({ ...target, host: isIP(target.host) ? target.host : (socket.remoteAddress ?? target.host) }),
    })
    on.connected(socket)
  })
  return socket
}

/** The error of a connection that could not be made. */
export function dialError(target: Target, cause: NodeJS.ErrnoException): ClientError {
  const first = cause instanceof AggregateError ? (cause.errors[0] as NodeJS.ErrnoException) : cause
  const code = first.code ?? first.message
  if (target.kind === 'socket') return clientError('CR_CONNECTION_ERROR', target.path, code)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return clientError('CR_UNKNOWN_HOST', target.host, code)
  return clientError('CR_CONN_HOST_ERROR', target.host, target.port, code)
}
