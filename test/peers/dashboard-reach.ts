/** Who reaches the dashboard, and what the page says when it does not. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, get } from 'node:http'
import { describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { visit } from '../support/browser.ts'
import { lane } from './dashboard-page.ts'
import { Scene } from './dashboard-scene.ts'

/** As `mostReaders` of src/dashboard/live.ts. */
const mostReaders = 32

export function testReach(browser: () => Browser): void {
  describe('reaching the dashboard', () => {
    test('the page says that it is old while the server is away, and is live again by itself', async () => {
      await using before = await Scene.open()
      await using here = await visit(browser(), before.url)
      const { page } = here
      await before.mysql2()
      await lane(page, 'Admitted', 1).waitFor()
      const port = Number(new URL(before.url).port)
      await before[Symbol.asyncDispose]()
      const old = page.getByText(/^What is shown is \d+ s old\.$/)
      await old.waitFor()
      await page.getByRole('status').getByText('reconnecting').waitFor()
      assert.ok(await lane(page, 'Admitted', 1).isVisible(), 'what was known is still shown')

      await using after = await Scene.open({ port })
      await page.getByRole('status').getByText('live', { exact: true }).waitFor()
      await old.waitFor({ state: 'detached' })
      await lane(page, 'Admitted', 0).waitFor()
      await after.mysql2({ user: 'report' })
      await lane(page, 'Admitted', 1).waitFor()
    })

    test('with a password the page is for those alone who have it', async () => {
      const secret = 'dashboard-secret'
      await using scene = await Scene.open({ env: { SALTGATE_DASHBOARD_PASSWORD: secret } })
      for (const path of ['', 'api/live', 'api/refusals', 'metrics']) {
        assert.equal((await fetch(`${scene.url}${path}`)).status, 401, `/${path}`)
      }
      await assert.rejects(visit(browser(), scene.url), /ERR_INVALID_AUTH_CREDENTIALS/)
      const httpCredentials = { username: 'anybody', password: secret }
      await using here = await visit(browser(), scene.url, { httpCredentials })
      await scene.mysql2()
      await lane(here.page, 'Admitted', 1).waitFor()
      assert.deepEqual(here.complaints, [])
    })

    test('the page after the last that may watch says why it sees nothing, and sees when another has gone', async () => {
      await using scene = await Scene.open()
      const readers: ClientRequest[] = []
      try {
        for (let i = 0; i < mostReaders; i++) readers.push(await reader(scene.url))
        await using here = await visit(browser(), scene.url)
        await here.page.getByText('32 watch already').waitFor()
        assert.equal(here.complaints.filter((complaint) => !complaint.includes('503')).length, 0)
        readers.pop()?.destroy()
        await here.page.getByRole('status').getByText('live', { exact: true }).waitFor()
        await scene.mysql2()
        await lane(here.page, 'Admitted', 1).waitFor()
      } finally {
        for (const request of readers) request.destroy()
      }
    })

    test('a page that nobody sees holds no stream, so that more tabs can be open than connections', async () => {
      await using scene = await Scene.open()
      await using here = await visit(browser(), scene.url)
      const { page } = here
      await scene.mysql2()
      await lane(page, 'Admitted', 1).waitFor()
      const becomes = (hidden: boolean) =>
        page.evaluate(`
          Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true })
          document.dispatchEvent(new Event('visibilitychange'))
        `)
      const readers = async () => {
        const text = await (await fetch(`${scene.url}metrics`)).text()
        return Number(/^saltgate_dashboard_readers (\d+)$/m.exec(text)?.[1])
      }
      assert.equal(await readers(), 1)
      await becomes(true)
      while ((await readers()) > 0) await page.waitForTimeout(50)
      await scene.mysql2()
      await becomes(false)
      await lane(page, 'Admitted', 2).waitFor()
      assert.equal(await readers(), 1)
      assert.deepEqual(here.complaints, [])
    })
  })
}

/** Somebody who watches the stream. */
async function reader(url: string): Promise<ClientRequest> {
  const request = get(new URL('/api/live', url), { agent: false })
  request.on('error', () => {})
  const [response] = await once(request, 'response')
  assert.equal(response.statusCode, 200)
  response.on('error', () => {}).resume()
  return request
}
