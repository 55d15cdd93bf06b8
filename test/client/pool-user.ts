/**
 * Uses a pool and closes it: whatever it left open would keep this process alive.
 *
 * Usage: node pool-user.ts PORT
 */
import { createPool } from '../../src/client/pool.ts'

const pool = createPool({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  user: 'app',
  password: 'pw-app',
  tls: { mode: 'DISABLED' },
  getServerPublicKey: true,
})
await Promise.all(Array.from({ length: 20 }, () => pool.query('rows 1')))
await pool.close()
process.stdout.write('done\n')
