import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const root = join(import.meta.dirname, '../..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')

describe('README.md', () => {
  it('shows the example as it is run by the tests', () => {
    const [, shown] = /```ts\n(.*?)```/s.exec(readme) ?? []
    const example = readFileSync(join(root, 'examples/array-server.ts'), 'utf8')
    assert.equal(shown, example.replace('../src/index.ts', 'saltgate'))
    assert.ok(example.split('\n').length < 30)
  })

  it('links to files that exist', () => {
    const links = Array.from(readme.matchAll(/\]\((?!https?:)([^)#]+)/g), ([, path]) => path ?? '')
    assert.ok(links.length > 0)
    assert.deepEqual(
      links.filter((path) => !existsSync(join(root, path))),
      [],
    )
  })
})
