/** T60 and T62: neither code nor statements are put together from what somebody said. Read from the sources, since no test can try every word. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

const sources = (folder: string) =>
  readdirSync(join(root, 'src', folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .map((path) => ({ path: join(folder, path), text: readFileSync(join(root, 'src', folder, path), 'utf8') }))

it('T60 no source makes code of strings', () => {
  const makers = /\beval\s*\(|\bnew\s+Function\b|\bFunction\s*\(|from 'node:vm'|\b(?:setTimeout|setInterval)\(\s*['"`]/
  // The one that reads whether the operator's own configuration file parses, and runs nothing of it.
  const reader = join('server', 'config-syntax.ts')
  assert.deepEqual(
    sources('.')
      .filter(({ text }) => makers.test(text))
      .map(({ path }) => path),
    [reader],
  )
})

it('T60 client, server and gateway load where code from strings is forbidden and intrinsics are frozen', () => {
  const modules = ['client/index.ts', 'server/index.ts', 'console/index.ts', 'gateway/open.ts', 'packets/index.ts']
  const script = modules.map((path) => `await import(${JSON.stringify(join(root, 'src', path))})`).join('\n')
  const flags = ['--disallow-code-generation-from-strings', '--frozen-intrinsics', '--no-warnings']
  const { status, stderr } = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
})

/** Where a statement has a place for a value: numbers and names of our own, and values that were checked to need no escape. */
const placesForValues: ReadonlyMap<string, readonly RegExp[]> = new Map([
  ['client/connection.ts', [/`KILL QUERY \$\{this\.connectionId\}`/]],
  ['gateway/gateway.ts', [/`KILL \$\{what\} \$\{link\.connectionId\}`/]],
  ['gateway/health-read-only.ts', [/^`SELECT \$\{names\.map/]],
  ['gateway/health-roles.ts', [/^`SHOW GLOBAL VARIABLES WHERE Variable_name IN \(\$\{asked\.map/]],
  [
    'gateway/link-setup.ts',
    [
      /^`SET \$\{variables\}`/,
      /^`SET character_set_client=\$\{\w+\}, character_set_results=\$\{\w+\}, collation_connection=\$\{\w+\}`/,
    ],
  ],
])

it('T62 client and gateway put no words into a statement', () => {
  const statement =
    /`\s*(?:SELECT|SET|KILL|USE|INSERT|UPDATE|DELETE|CALL|DO|SHOW|EXECUTE|PREPARE|FLUSH)\s[^`]*\$\{[^`]*`/g
  const found: string[] = []
  for (const folder of ['client', 'gateway', 'machine', 'transport']) {
    for (const { path, text } of sources(folder)) {
      // What reads and makes the view of accounts quotes names itself, and is tested for it.
      if (path === 'gateway/account-view.ts') continue
      for (const [template] of text.matchAll(statement)) {
        const known = placesForValues.get(path) ?? []
        if (!known.some((pattern) => pattern.test(template))) found.push(`${path}: ${template}`)
      }
    }
  }
  assert.deepEqual(found, [])
})
