/**
 * Reads rows in a process of its own, so that its memory is that of a reader alone. It says when it has the first row, and waits to
 * be told to go on.
 *
 * Usage: fork(slow-reader.ts, [PORT, SQL]); messages: one at the first row, then `{ rows, before, most }`, in bytes.
 */
import { once } from 'node:events'
import { connect } from '../../src/client/connect.ts'

const [port, sql = ''] = process.argv.slice(2)
const connection = await connect({
  host: '127.0.0.1',
  port: Number(port),
  user: 'app',
  password: 'pw-app',
  tls: { mode: 'DISABLED' },
  getServerPublicKey: true,
})
const stream = connection.stream(sql)
const { rss: before } = process.memoryUsage()
await stream.next()
process.send?.('has the first row')
await once(process, 'message')
let rows = 1
let most = process.memoryUsage().rss
for await (const _ of stream) {
  rows++
  if (rows % 50_000 === 0) most = Math.max(most, process.memoryUsage().rss)
}
await connection.close()
process.send?.({ rows, before, most })
process.disconnect?.()
