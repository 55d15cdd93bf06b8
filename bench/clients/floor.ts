/**
 * The least that a connection can cost a client in Node: greeting, a real scramble, SELECT 1, COM_QUIT over `node:net`, by
 * hand. It parses what these steps need and believes the rest. What a real client costs is told as a multiple of this.
 */
import { hash } from 'node:crypto'
import { connect } from 'node:net'
import type { Access } from './drivers.ts'

/** LONG_PASSWORD, PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, MULTI_RESULTS, PLUGIN_AUTH, DEPRECATE_EOF. */
const capabilities = 0x010aa201
const utf8mb4 = 45
const selectOne = packet(0, Buffer.from('\x03SELECT 1', 'latin1'))
const quit = packet(0, Buffer.of(1))

/** Connects, logs in by the plugin that the server greets with, asks `SELECT 1`, leaves. Resolves when the socket is closed. */
export function bareCycle({ port, user, password }: Access): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    let at: 'greeting' | 'verdict' | 'answer' | 'left' = 'greeting'
    socket.on('data', (chunk: Buffer) => {
      for (let start = 0, end = 0; start < chunk.length; start = end) {
        end = chunk.length < start + 4 ? Number.NaN : start + 4 + chunk.readUIntLE(start, 3)
        if (!(end <= chunk.length)) return fail('half a packet')
        const first = chunk[start + 4]
        if (first === 0xff) return fail(chunk.toString('latin1', start + 7, end))
        if (at === 'greeting') {
          socket.write(login(chunk.subarray(start + 4), user, password))
          at = 'verdict'
        } else if (at === 'verdict' && first === 0x00) {
          socket.write(selectOne)
          at = 'answer'
        } else if (at === 'verdict' && (first !== 0x01 || chunk[start + 5] !== 0x03)) {
          return fail('no fast authentication')
        } else if (at === 'answer' && first === 0xfe) {
          socket.end(quit)
          at = 'left'
        }
      }
    })
    socket.on('error', reject)
    socket.on('close', () => (at === 'left' ? resolve() : reject(new Error(`closed in state ${at}`))))

    function fail(why: string): void {
      socket.destroy()
      reject(new Error(why))
    }
  })
}

function login(greeting: Buffer, user: string, password: string): Buffer {
  const afterVersion = greeting.indexOf(0) + 1
  const nonce = Buffer.concat([
    greeting.subarray(afterVersion + 4, afterVersion + 12),
    greeting.subarray(afterVersion + 31, afterVersion + 43),
  ])
  const plugin = greeting.toString('latin1', afterVersion + 44, greeting.indexOf(0, afterVersion + 44))
  const scramble = plugin === 'caching_sha2_password' ? sha2(password, nonce) : native(password, nonce)
  const head = Buffer.alloc(32)
  head.writeUInt32LE(capabilities, 0)
  head.writeUInt32LE(1 << 30, 4)
  head[8] = utf8mb4
  const fields = [Buffer.from(`${user}\0`), Buffer.of(scramble.length), scramble, Buffer.from(`${plugin}\0`)]
  return packet(1, Buffer.concat([head, ...fields]))
}

function native(password: string, nonce: Buffer): Buffer {
  const once = hash('sha1', password, 'buffer')
  return xor(once, hash('sha1', Buffer.concat([nonce, hash('sha1', once, 'buffer')]), 'buffer'))
}

function sha2(password: string, nonce: Buffer): Buffer {
  const once = hash('sha256', password, 'buffer')
  return xor(once, hash('sha256', Buffer.concat([hash('sha256', once, 'buffer'), nonce]), 'buffer'))
}

function xor(bytes: Buffer, mask: Buffer): Buffer {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] as number) ^ (mask[i] as number)
  return bytes
}

function packet(sequenceId: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(4)
  header.writeUIntLE(payload.length, 0, 3)
  header[3] = sequenceId
  return Buffer.concat([header, payload])
}
