/** `npm run build:page`: the dashboard's page, as its server hands it out (dist/dashboard/page). */
import { join } from 'node:path'
import { build } from 'vite'

await build({ configFile: join(import.meta.dirname, '../vite.config.ts'), logLevel: 'warn' })
