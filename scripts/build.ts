/**
 * `npm run build`: the sources as the JavaScript and the type declarations that the package carries. Node strips types
 * from sources in the repository, and refuses to below node_modules.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

rmSync(join(root, 'dist'), { recursive: true, force: true })
try {
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  })
} catch {
  // The compiler has said what is wrong.
  process.exit(1)
}
chmodSync(join(root, 'dist/cli/saltgate.js'), 0o755)
await import('./page.ts')
