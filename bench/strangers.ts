/**
 * Connections that never log in: half of them silent after the greeting, half dripping a login packet byte by byte. A
 * stranger who is thrown out comes back, so that the pressure stays.
 *
 * Usage: node bench/strangers.ts PORT COUNT. Prints `holding` when all are connected.
 */
import { connect, type Socket } from 'node:net'

const port = Number(process.argv[2])
const count = Number(process.argv[3])
const openingAtATime = 200
const dripMs = 1000

/** A login packet that announces 200 bytes and never sends them all. */
const drip = Buffer.from('c8000001', 'hex')

const held = new Set<Socket>()
const dripping = new Set<Socket>()
let started = 0
let announced = false

for (let i = 0; i < Math.min(openingAtATime, count); i++) next()

setInterval(() => {
  for (const socket of dripping) socket.write(drip.subarray(0, 1))
}, dripMs)

function next(): void {
  if (started < count) arrive(started++, true)
}

/** The stranger of that number connects; `first` says that the one after it waits for its greeting. */
function arrive(number: number, first: boolean): void {
  const socket = connect({ port, host: '127.0.0.1' })
  let greeted = false
  socket.on('error', () => {})
  socket.on('data', () => {
    if (greeted) return
    greeted = true
    held.add(socket)
    if (number % 2 === 1) {
      dripping.add(socket)
      socket.write(drip)
    }
    if (first) next()
    if (held.size === count && !announced) {
      announced = true
      console.log('holding')
    }
  })
  socket.on('close', () => {
    held.delete(socket)
    dripping.delete(socket)
    setTimeout(arrive, dripMs, number, first && !greeted)
  })
}
