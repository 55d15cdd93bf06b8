/**
 * Lets nobody in but from known networks. Who is outside gets MySQL's own 1130 in the place of a greeting, and costs no backend
 * connection.
 *
 * mysql-proxy's tutorial-states.lua refused all but 127.0.0.1 in `read_handshake`: by then it had connected to a backend, where each
 * refusal was one more broken handshake of the proxy's own host.
 */
import { BlockList, isIPv6 } from 'node:net'
import { defineConfig, type Hooks } from '../src/index.ts'

const allowed = new BlockList()
allowed.addSubnet('10.0.0.0', 8)
allowed.addSubnet('127.0.0.0', 8)
allowed.addSubnet('fd00::', 8, 'ipv6')

export const hooks: Hooks = {
  connectServer({ address }) {
    // No address is a unix socket: the permissions of its directory say who may.
    if (address === undefined || allowed.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) return
    return { do: 'refuse', code: 1130, detail: 'not from a known network' }
  },
}

export default defineConfig({ gateway: { hooks } })
