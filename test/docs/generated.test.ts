import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { generatedPages } from '../../scripts/docs.ts'

for (const [name, content] of generatedPages()) {
  test(`docs/${name} is what its table says (npm run docs writes it)`, async () => {
    assert.equal(await readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8'), content)
  })
}
