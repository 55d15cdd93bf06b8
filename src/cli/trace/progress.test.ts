import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Progress } from './progress.ts'

const mebibyte = 2 ** 20

function terminal(isTTY: boolean) {
  const written: string[] = []
  const stream = { isTTY, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream
  return { progress: new Progress(stream), written }
}

describe('Progress', () => {
  it('draws how far a large file was read, and takes it away for other output', () => {
    const { progress, written } = terminal(true)
    progress.show(50 * mebibyte, 200 * mebibyte)
    assert.deepEqual(written, [`\r\u001b[K[${'#'.repeat(8)}${'-'.repeat(22)}] 25% of 200 MiB`])
    progress.clear()
    progress.clear()
    assert.deepEqual(written.slice(1), ['\r\u001b[K'])
  })

  it('tells what was read of a stream whose end nobody knows', () => {
    const { progress, written } = terminal(true)
    progress.show(9 * mebibyte, undefined)
    assert.deepEqual(written, ['\r\u001b[K9 MiB read'])
  })

  it('draws at most ten times a second', () => {
    const { progress, written } = terminal(true)
    for (let read = 1; read <= 100; read++) progress.show(read * mebibyte, 100 * mebibyte)
    assert.equal(written.length, 1)
  })

  it('says nothing of small files, and nothing where there is no terminal', () => {
    for (const { progress, written } of [terminal(true), terminal(false)]) {
      progress.show(mebibyte, 2 * mebibyte)
      progress.clear()
      assert.deepEqual(written, [])
    }
    const { progress, written } = terminal(false)
    progress.show(50 * mebibyte, 100 * mebibyte)
    assert.deepEqual(written, [])
  })
})
