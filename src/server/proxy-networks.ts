/**
 * `proxy_protocol_networks`: the proxies whose word is taken for who a client is, written as MariaDB writes it.
 *
 * Spec: https://mariadb.com/kb/en/proxy-protocol-support/
 */
import { isIPv4 } from 'node:net'
import { parseAddress } from '../accounts/address.ts'
import { ConfigurationError, ServerError, serverError } from '../errors/errors.ts'
import { canonicalAddress } from './addresses.ts'

export class ProxyNetworks {
  readonly #networks: readonly Network[]
  readonly #unixSockets: boolean

  /**
   * Reads a list with commas: addresses, networks such as `10.0.0.0/8` and `2001:db8::/32`, and `localhost` for unix sockets. Bits
   * beyond the mask do not matter.
   *
   * Throws: `ConfigurationError` for anything else, `*` and networks of everybody included.
   */
  constructor(list: string) {
    const words = list.split(',').flatMap((part) => part.trim() || [])
    this.#unixSockets = words.includes(unixSocket)
    this.#networks = words.filter((word) => word !== unixSocket).map(parseNetwork)
  }

  /**
   * Whether connections from there have to begin with a PROXY header.
   *
   * Shapes: `address` is canonical; `undefined` on a unix socket.
   */
  include(address: string | undefined): boolean {
    if (address === undefined) return this.#unixSockets
    if (this.#networks.length === 0) return false
    const bytes = parseAddress(address) ?? []
    return this.#networks.some((network) => isIn(bytes, network))
  }
}

/** In words, what the variable takes. */
export const proxiesTaken =
  'the addresses and networks of proxies, and localhost for unix sockets, with commas; not everybody (*): then each client could name any address as its own'

/** Throws: `ServerError` 1231 for a list that is none. */
export function acceptProxies(list: string): string {
  try {
    new ProxyNetworks(list)
    return list
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const { symbol, code, sqlState, message } = serverError('ER_WRONG_VALUE_FOR_VAR', 'proxy_protocol_networks', list)
    throw new ServerError(symbol, code, sqlState, `${message}: it takes ${proxiesTaken}`)
  }
}

interface Network {
  readonly base: readonly number[]
  /** Length of the prefix. */
  readonly bits: number
}

const unixSocket = 'localhost'

function parseNetwork(word: string): Network {
  const [address = '', prefix, ...more] = word.split('/')
  const base = parseAddress(address)
  // Clients of IPv4 are never seen as IPv6 addresses, so a list of mapped ones would let nobody in.
  const mapped = base?.length === 16 && isIPv4(canonicalAddress(address))
  if (base === undefined || mapped || more.length > 0 || (prefix !== undefined && !/^[1-9]\d{0,2}$/.test(prefix))) {
    throw new ConfigurationError(`${JSON.stringify(word)} is not the address or the network of a proxy`)
  }
  const bits = prefix === undefined ? base.length * 8 : Number(prefix)
  if (bits > base.length * 8) throw new ConfigurationError(`the network ${word} has more bits than an address`)
  return { base, bits }
}

function isIn(address: readonly number[], { base, bits }: Network): boolean {
  return (
    address.length === base.length &&
    base.every((byte, i) => {
      const mask = 0xff & (0xff00 >> Math.min(8, Math.max(0, bits - i * 8)))
      return (byte & mask) === ((address[i] ?? 0) & mask)
    })
  )
}
