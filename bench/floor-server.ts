/**
 * The least that a login can cost in Node: a fixed greeting, one packet in, a fixed OK out, closed after COM_QUIT. It
 * checks nothing and parses nothing beyond packet lengths. What a real server costs is told as a multiple of this.
 *
 * Usage: node bench/floor-server.ts PORT
 */
import { createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { makeCertificates } from '../src/server/self-made-certificate.ts'

const sslRequestLength = 4 + 32

/** 83 bytes on the wire: header, protocol 10, version, connection id, nonce, capabilities, plugin name. */
const greeting = packet(
  0,
  Buffer.concat([
    Buffer.from('\x0a9.7.0-floor\0\x01\0\0\0abcdefgh\0', 'latin1'),
    // Capabilities (all that a login needs, and SSL), utf8mb4, autocommit, 21 bytes of nonce, reserved.
    Buffer.from('ffffff0200ffdf1500000000000000000000', 'hex'),
    Buffer.from('ijklmnopqrst\0mysql_native_password\0', 'latin1'),
  ]),
)
const loginOk = packet(2, Buffer.from('00000002000000', 'hex'))

const { cert, key } = await makeCertificates('localhost', Date.now())
const secureContext = createSecureContext({ cert, key: key.export({ type: 'pkcs8', format: 'pem' }) })

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {})
  socket.write(greeting)
  socket.once('data', (chunk) => {
    const first = chunk as Buffer
    if (first.length >= sslRequestLength && first.readUIntLE(0, 3) === 32) upgrade(socket, first)
    else if (isWhole(first)) answer(socket, loginOk)
    // A stranger's drip: whatever it sends from now on is dropped.
    else socket.resume()
  })
})
server.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 }, () => console.log('ready'))

function upgrade(socket: Socket, first: Buffer): void {
  // What is put back must wait for TLS to read it.
  socket.pause()
  if (first.length > sslRequestLength) socket.unshift(first.subarray(sslRequestLength))
  const secure = new TLSSocket(socket, { isServer: true, secureContext })
  secure.on('error', () => secure.destroy())
  secure.once('data', () => answer(secure, packet(3, loginOk.subarray(4))))
}

/** OK, and then the next packet is taken for COM_QUIT. */
function answer(socket: Socket, ok: Buffer): void {
  socket.write(ok)
  socket.once('data', () => socket.end())
}

function isWhole(chunk: Buffer): boolean {
  return chunk.length >= 4 && chunk.length >= chunk.readUIntLE(0, 3) + 4
}

function packet(sequenceId: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(4)
  header.writeUIntLE(payload.length, 0, 3)
  header[3] = sequenceId
  return Buffer.concat([header, payload])
}
