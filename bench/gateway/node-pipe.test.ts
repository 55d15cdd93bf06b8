import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { freePort, stopChild } from '../../test/peers/servers.ts'
import { accepting } from './contestants.ts'

test('the floor passes on what each side says, and that the backend has ended', async () => {
  const backend = createServer((socket) => {
    socket.on('data', (heard) => socket.end(`heard ${heard}`))
  }).listen(0, '127.0.0.1')
  await once(backend, 'listening')
  const port = await freePort()
  const backendPort = String((backend.address() as AddressInfo).port)
  const floor = spawn(process.execPath, [join(import.meta.dirname, 'node-pipe.ts'), String(port), backendPort])
  try {
    await accepting(floor, port)
    const client = connect({ host: '127.0.0.1', port })
    client.write('this')
    assert.equal(await text(client), 'heard this')
  } finally {
    await stopChild(floor)
    backend.close()
  }
})
