/** `npm run build:page`, and after `npm ci`: the dashboard's page, as its server hands it out (dist/dashboard/page). */
import { join } from 'node:path'

const vite = await import('vite').catch((error: unknown) => {
  // Who installs without devDependencies is to have the rest all the same; the dashboard says how to build its page.
  if (process.env.npm_lifecycle_event !== 'prepare') throw error
  process.stderr.write('the page of the dashboard is not built: Vite is a devDependency, and not installed\n')
})
await vite?.build({ configFile: join(import.meta.dirname, '../vite.config.ts'), logLevel: 'warn' })
