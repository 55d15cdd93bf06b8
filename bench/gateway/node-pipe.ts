/**
 * The least that a proxy can cost in Node: each connection piped to one of the backend and back, nothing looked at. What the gateway
 * costs is told as a multiple of this.
 *
 * Usage: node bench/gateway/node-pipe.ts PORT BACKEND_PORT
 */
import { connect, createServer } from 'node:net'

const [port = 0, backendPort = 0] = process.argv.slice(2).map(Number)
const host = '127.0.0.1'

const server = createServer({ noDelay: true }, (client) => {
  const backend = connect({ host, port: backendPort, noDelay: true })
  client.pipe(backend).pipe(client)
  client.on('error', () => backend.destroy())
  backend.on('error', () => client.destroy())
})
server.listen({ host, port, backlog: 4096 })
