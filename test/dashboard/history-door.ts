/**
 * A front door with a history, in a process of its own that can be killed. It tells its port, and then with each sample up to when all is in
 * the file: the write of one is waited for before the next is taken.
 *
 * Usage: history-door.ts FILE MINUTE_MS
 */
import { History } from '../../src/dashboard/history.ts'
import { openDoor } from '../support/door.ts'

export type HistoryDoorTells =
  | { readonly port: number }
  | { readonly writtenUntilMs: number }
  | { readonly logged: string }

export const account = { user: 'app', password: 'pw-app', plugin: 'mysql_native_password' }

if (process.argv[1] === import.meta.filename) {
  const [file, minuteMs] = process.argv.slice(2)
  const tell = (what: HistoryDoorTells) => process.send?.(what)
  const server = await openDoor({ accounts: [account] })
  const line = (_: object, logged: string) => tell({ logged })
  const history = History.open({
    watched: { administered: server.door },
    file,
    log: { debug: line, info: line, warn: line, error: line },
    minuteMs: Number(minuteMs),
  })
  history.onSecond(({ atMs }) => tell({ writtenUntilMs: atMs }))
  process.on('SIGTERM', async () => {
    await server.front.close(0)
    await history.close()
    process.exit(0)
  })
  tell({ port: server.port })
}
