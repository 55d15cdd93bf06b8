import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import type { Worker } from 'node:worker_threads'
import { formatCachingSha2, sha256Crypt } from '../auth/sha256-crypt.ts'
import { CheckRefused, SecretChecker } from './secret-checker.ts'

const salt = Uint8Array.from({ length: 20 }, (_, index) => index + 1)
const nonce = Uint8Array.from({ length: 20 }, (_, index) => index + 65)
const nul = '\0'
const cheap = formatCachingSha2({ rounds: 1000, salt, hash: sha256Crypt(Buffer.from('open sesame'), salt, 1000) })

describe('a crowd', () => {
  const ask = (asked: SecretChecker, source: string) =>
    asked.check({ authStrings: [cheap], secret: Buffer.from(`open sesame${nul}`), form: 'clear', nonce, source })

  test('is refused beyond the bound of the queue, and the rest is served', async () => {
    const small = new SecretChecker({ maxQueue: 5 })
    const results = await Promise.allSettled(Array.from({ length: 30 }, () => ask(small, 'one')))
    const refused = results.filter((result) => result.status === 'rejected')
    assert.equal(refused.length, 30 - 8 - 5)
    for (const { reason } of refused) {
      assert.ok(reason instanceof CheckRefused)
      assert.equal(reason.reason, 'verifier-overloaded')
      assert.doesNotMatch(JSON.stringify(reason) + reason.stack, /sesame/)
    }
    for (const result of results) if (result.status === 'fulfilled') assert.equal(result.value.outcome, 'match')
    await small.close()
  })

  test('from one source neither delays another source nor takes its place in the queue', async () => {
    const fair = new SecretChecker({ maxQueue: 50 })
    const served: string[] = []
    const follow = (source: string) => ask(fair, source).then(() => served.push(source))
    const crowd = Promise.allSettled(Array.from({ length: 100 }, () => follow('crowd')))
    await follow('guest')
    // Before the guest: the eight that the worker had already, and one whose turn it was.
    assert.ok(served.indexOf('guest') <= 9, `served as number ${served.indexOf('guest')}`)
    assert.equal((await crowd).filter(({ status }) => status === 'fulfilled').length, 8 + 49)
    await fair.close()
  })
})

describe('the worker', () => {
  test('is started again after it died, and only the checks that it had are refused', async () => {
    const workers: Worker[] = []
    const onWorker = (worker: Worker) => workers.push(worker)
    process.on('worker', onWorker)
    const mortal = new SecretChecker()
    const ask = () =>
      mortal.check({ authStrings: [cheap], secret: Buffer.from(`open sesame${nul}`), form: 'clear', nonce, source: '' })
    const settled = Promise.allSettled(Array.from({ length: 12 }, ask))
    await once(process, 'worker')
    await workers[0]?.terminate()
    const results = await settled
    const refused = results.filter((result) => result.status === 'rejected')
    assert.equal(refused.length, 8)
    for (const { reason } of refused) assert.equal(reason instanceof CheckRefused && reason.reason, 'verifier-failed')
    assert.equal((await ask()).outcome, 'match')
    assert.equal(workers.length, 2)
    await mortal.close()
    process.off('worker', onWorker)
  })

  test('is started by warm, once', async () => {
    const workers: Worker[] = []
    const onWorker = (worker: Worker) => workers.push(worker)
    process.on('worker', onWorker)
    const warmed = new SecretChecker()
    assert.equal(workers.length, 0)
    warmed.warm()
    warmed.warm()
    await warmed.hashPassword('sha256_password', Buffer.from('x'), salt, 5000)
    assert.equal(workers.length, 1)
    await warmed.close()
    process.off('worker', onWorker)
  })

  test('keeps the process alive while it works, and not when it is idle', async () => {
    const script = `
      import { SecretChecker } from ${JSON.stringify(new URL('./secret-checker.ts', import.meta.url).href)}
      const checker = new SecretChecker()
      const hash = () => checker.hashPassword('sha256_password', Buffer.from('x'), Buffer.alloc(20, 65), 5000)
      await hash()
      hash().then((made) => console.log(made.length))
    `
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 20_000,
    })
    assert.equal(stdout, '67\n')
  })

  test('refuses everything once it is closed', async () => {
    const closing = new SecretChecker()
    const ask = () =>
      closing.check({ authStrings: [cheap], secret: Buffer.from(`x${nul}`), form: 'clear', nonce, source: '' })
    const settled = Promise.allSettled(Array.from({ length: 20 }, ask))
    await closing.close()
    for (const result of await settled) assert.ok(result.status === 'rejected' && result.reason instanceof CheckRefused)
    await assert.rejects(ask(), CheckRefused)
    await closing.close()
  })
})
