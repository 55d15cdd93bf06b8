/** The package as others get it: packed, installed elsewhere, imported, type-checked, logged in to. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import packageJson from '../../package.json' with { type: 'json' }

const root = join(import.meta.dirname, '../..')
const home = mkdtempSync(join(tmpdir(), 'saltgate-package-'))
const consumer = join(home, 'consumer')

const subpaths = Object.keys(packageJson.exports)
  .filter((path) => path !== './package.json')
  .map((path) => path.replace(/^\./, 'saltgate'))

describe('the packed package', { timeout: 300_000 }, () => {
  let packed: readonly string[] = []

  before(() => {
    mkdirSync(consumer)
    writeFileSync(join(consumer, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
    const [pack] = JSON.parse(npm(root, 'pack', '--json', '--pack-destination', home))
    packed = pack.files.map(({ path }: { path: string }) => path)
    npm(
      consumer,
      'install',
      join(home, pack.filename),
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
    )
  })

  after(() => rmSync(home, { recursive: true, force: true }))

  it('holds JavaScript, declarations, the built page, what stands on the metrics, README and LICENSE, and nothing else', () => {
    assert.ok(packed.includes('dist/dashboard/page/index.html'))
    const expected = /^dist\/.*\.(js|d\.ts)$|^dist\/dashboard\/page\/(index\.html|assets\/[\w-]+\.css)$|^ops\//
    assert.deepEqual(
      packed.filter((path) => !expected.test(path)),
      ['LICENSE', 'README.md', 'package.json'],
    )
    assert.deepEqual(
      packed.filter((path) => /\.test\.|vectors/.test(path)),
      [],
    )
  })

  for (const subpath of subpaths) {
    it(`lets ${subpath} be imported`, () => {
      const names = node('--input-type=module', '-e', `console.log(Object.keys(await import('${subpath}')).length)`)
      assert.ok(Number(names) > 0, names)
    })
  }

  for (const resolution of ['node16', 'nodenext']) {
    it(`has types that a consumer's strictest compiler accepts (${resolution})`, () => {
      const imports = subpaths.map((subpath, i) => `import * as m${i} from '${subpath}'\n`)
      const use = subpaths.map((_, i) => `m${i}`).join(', ')
      writeFileSync(join(consumer, 'imports.ts'), `${imports.join('')}console.log(${use})\n`)
      for (const name of readdirSync(join(root, 'examples'))) {
        const example = readFileSync(join(root, 'examples', name), 'utf8')
          .replace('../src/index.ts', 'saltgate')
          .replace(/\.\.\/src\/(\w+)\/index\.ts/g, 'saltgate/$1')
        writeFileSync(join(consumer, name), example)
      }
      const compilerOptions = {
        ...{ module: resolution, moduleResolution: resolution, target: 'es2024', lib: ['es2024', 'esnext.disposable'] },
        ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noEmit: true },
        ...{ skipLibCheck: false, typeRoots: [join(root, 'node_modules/@types')], types: ['node'] },
      }
      writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
      const tsc = join(root, 'node_modules/typescript/bin/tsc')
      execFileSync(process.execPath, [tsc, '-p', consumer], { cwd: consumer, encoding: 'utf8', stdio: 'pipe' })
    })
  }

  it('runs the command line from its bin', () => {
    const bin = join(consumer, 'node_modules/.bin/saltgate')
    assert.equal(node(bin, '--version'), `${packageJson.version}\n`)
    assert.match(node(bin, '--help'), /serve.*user/s)
    const added = node(bin, 'user', 'add', 'app', '--no-password', '--data', join(consumer, 'data'))
    assert.equal(added, "added 'app'@'%'\n")
  })

  it('serves the example to a client that logs in', async () => {
    const example = readFileSync(join(root, 'examples/array-server.ts'), 'utf8')
      .replace('../src/index.ts', 'saltgate')
      .replace(/\.\.\/src\/(\w+)\/index\.ts/g, 'saltgate/$1')
    // Below node_modules Node strips no types; here, beside it, it does.
    writeFileSync(join(consumer, 'example.ts'), example)
    const server = await started('example.ts', '127.0.0.1:0')
    const port = Number(/-P (\d+) -u app -p /.exec(server.line)?.[1])
    const login = { host: '127.0.0.1', port, user: 'app' }
    try {
      await assert.rejects(createConnection({ ...login, password: 'wrong' }), { errno: 1045 })
      const connection = await createConnection({ ...login, password: 'secret' })
      const [all] = await connection.query<RowDataPacket[]>('SELECT * FROM cities')
      assert.deepEqual(
        all.map(({ name }) => name),
        ['Salzburg', 'Salt Lake City', 'Salinas'],
      )
      const [some] = await connection.execute<RowDataPacket[]>('SELECT * FROM cities WHERE country = ?', ['USA'])
      assert.deepEqual({ ...some[0] }, { id: 2, name: 'Salt Lake City', country: 'USA', founded: 1847 })
      await assert.rejects(connection.query('DROP TABLE cities'), { errno: 1235 })
      await connection.end()
    } finally {
      await ended(server.child)
    }
  })

  it('checks passwords in its worker and answers SELECTs in its runner', async () => {
    writeFileSync(
      join(consumer, 'console.js'),
      `import { createServer } from 'saltgate'
       import { allPrivileges } from 'saltgate/accounts'
       const server = await createServer({ accounts: [{ user: 'root', password: 'x', privileges: new Set(allPrivileges) }] })
       console.log(server.listening[0].port)`,
    )
    const server = await started('console.js')
    try {
      const connection = await createConnection({
        host: '127.0.0.1',
        port: Number(server.line),
        user: 'root',
        password: 'x',
      })
      const [rows] = await connection.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM information_schema.processlist')
      assert.equal(rows[0]?.n, 1)
      await connection.end()
    } finally {
      await ended(server.child)
    }
  })
})

function node(...args: string[]): string {
  return execFileSync(process.execPath, args, { cwd: consumer, encoding: 'utf8' })
}

/** npm with the settings of the machine, without those of the `npm test` around it. */
function npm(cwd: string, ...args: string[]): string {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(?!config_(registry|cache)$)/.test(name)),
  )
  return execFileSync('npm', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** A program of the consumer that prints one line when it is ready. */
async function started(...args: string[]): Promise<{ readonly child: ChildProcess; readonly line: string }> {
  const child = spawn(process.execPath, args, { cwd: consumer, stdio: ['ignore', 'pipe', 'inherit'], timeout: 60_000 })
  const [line] = await once(createInterface({ input: child.stdout }), 'line', { signal: AbortSignal.timeout(30_000) })
  return { child, line }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
