/** TCP or a unix socket: which of the two is meant, when several had a say in it. */
import { statSync } from 'node:fs'
import type { NamedSetting } from '../../client/named-options.ts'
import { GivenValue } from '../../client/named-values.ts'
import { ConfigurationError } from '../../errors/errors.ts'

/** Of two that differ in rank the higher overrules: 0 has what is said for every connection, 1 a URI, 2 the command line. */
export type Ranked = NamedSetting & { readonly rank: number }

/**
 * Decides between TCP and a unix socket, and leaves in `said` only what that way needs. Without a word about it, localhost is
 * the first socket that is there, as for MySQL's own programs; a port counts as a word where it was said for this connection.
 */
export function takeRoute(said: Map<string, Ranked>, sockets: readonly string[]): void {
  const protocol = said.get('protocol')
  const way = protocol && new GivenValue(protocol).oneOf(['TCP', 'SOCKET', 'PIPE', 'MEMORY'])
  if (way === 'PIPE' || way === 'MEMORY') {
    throw new ConfigurationError(`${protocol?.origin}: protocol ${way} exists only on Windows; it is TCP or SOCKET`)
  }
  said.delete('protocol')
  const [host, socket, port] = [said.get('host'), said.get('socket'), said.get('port')]
  const isLocalhost = !host?.value || host.value === 'localhost'
  const words = [
    { by: protocol, socket: way === 'SOCKET' },
    { by: isLocalhost ? undefined : host, socket: false },
    { by: socket?.rank ? socket : undefined, socket: true },
    { by: port?.rank ? port : undefined, socket: false },
  ].filter(({ by }) => by !== undefined)
  const last = words.reduce<(typeof words)[number] | undefined>(
    (best, word) => ((word.by?.rank ?? 0) > (best?.by?.rank ?? -1) ? word : best),
    undefined,
  )
  const path = socket?.value ?? sockets.find(isSocket)
  if (last?.socket === false || (last === undefined && path === undefined)) {
    said.delete('socket')
    if (host?.value === '') said.delete('host')
    return
  }
  said.delete('host')
  said.delete('port')
  said.set('socket', socket ?? { name: 'socket', value: path ?? sockets[0], origin: 'the default', rank: 0 })
}

function isSocket(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isSocket() ?? false
}
