/** A server of one's own with its dashboard: `node examples/watched-server.ts`, then open the address that it prints. */
import { History, openDashboard } from '../src/dashboard/index.ts'
import { createServer } from '../src/index.ts'
import { loadKeyMaterial } from '../src/server/index.ts'

const keys = await loadKeyMaterial({})
const server = await createServer({
  keys,
  listen: ['127.0.0.1:3308'],
  accounts: [{ user: 'app', password: 'secret' }],
})

// The log as pino has it; anything with debug, info, warn and error does.
const log = console
const watched = { administered: server.door, listening: server.listening }
// With `file` the history outlives the program.
const history = History.open({ watched, log, file: undefined })
const { url } = await openDashboard({ watched, history, keys, log, listen: '127.0.0.1:3381', access: {} })

console.log(url)
