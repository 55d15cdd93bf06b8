/**
 * The runner behind `npm test`: every test that needs nothing but Node. The peers and the soak have runners of their own.
 *
 * Usage: npm test -- [option of node --test ...] [part of a file name ...]
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const options = process.argv.slice(2).filter((argument) => argument.startsWith('-'))
const parts = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))

const files = ['src', 'bench', 'test']
  .flatMap((room) => globSync(`${room}/**/*.test.ts`, { cwd: root }))
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
  .sort()
if (files.length === 0) {
  process.stderr.write(`no test file has ${parts.join(' or ')} in its name\n`)
  process.exit(2)
}

const concurrency = `--test-concurrency=${Math.max(2, availableParallelism())}`
const { status } = spawnSync(process.execPath, ['--test', concurrency, ...options, ...files], {
  cwd: root,
  stdio: 'inherit',
})
process.exit(status ?? 1)
