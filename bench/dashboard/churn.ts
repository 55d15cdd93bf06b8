/**
 * People who come and go at a door: of ten, five log in and stay a while, three have a wrong password, two say nothing and leave.
 *
 * Usage: node bench/dashboard/churn.ts PORT PER-SECOND USER PASSWORD
 */
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { RawClient } from '../../test/support/raw-client.ts'

const [port = 0, perSecond = 0] = process.argv.slice(2, 4).map(Number)
const [user = '', password = ''] = process.argv.slice(4)
const kinds = [stay, err, stay, leave, stay, err, stay, leave, stay, err]
let came = 0
const sinceMs = performance.now()

setInterval(() => {
  const due = ((performance.now() - sinceMs) / 1000) * perSecond
  for (; came < due; came++) {
    // Who is thrown out is no failure of this.
    kinds[came % kinds.length]?.().catch(() => {})
  }
}, 5)

async function stay(): Promise<void> {
  const client = await RawClient.connect({ port })
  await client.login({ user, password })
  await wait(300 + Math.random() * 1200)
  client.destroy()
}

async function err(): Promise<void> {
  const client = await RawClient.connect({ port })
  await client.login({ user, password: 'wrong' })
  client.destroy()
}

async function leave(): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}).resume()
  await wait(500 + Math.random() * 2000)
  socket.destroy()
}
