/** How the page looks: to whom it is narrow, to whom motion is too much, in the light and in the dark; and what its charts say. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { visit } from '../support/browser.ts'
import { lane, openPanel, parts, turnTo } from './dashboard-page.ts'
import { Scene } from './dashboard-scene.ts'
import { coloured, differentPictures, groundOf, hardToRead } from './dashboard-sight.ts'

export function testLooks(browser: () => Browser): void {
  describe('the page', () => {
    let scene: Scene
    let refused: number
    const open = (options?: Parameters<typeof visit>[2]) => visit(browser(), scene.url, options)
    before(async () => {
      scene = await Scene.open({ settings: ['max_connect_errors=2'] })
      await Promise.all([scene.mysql2(), scene.mariadb(), scene.silent(), scene.halfHello(), scene.stopsAtSwitch()])
      await scene.mysql2({ user: 'report', password: 'wrong' }).catch(() => {})
      for (let i = 0; i < 2; i++) await scene.scanned({ localAddress: '127.0.0.2' })
      const { groups } = await scene.refusals()
      refused = groups.find(({ reason }) => reason === 'secret-mismatch')?.handshakes[0] ?? 0
    })
    after(() => scene[Symbol.asyncDispose]())

    test('over time tells what was, and turns to other ranges', async () => {
      await using here = await open()
      const { page } = here
      await turnTo(page, 'Over time')
      for (const part of ['Greeting sent 1', 'TLS 1', 'Plugin exchange 1', 'Admitted 2']) {
        await page.getByRole('button', { name: part, exact: true }).waitFor()
      }
      await page.getByRole('button', { name: /^secret-mismatch / }).waitFor()
      await coloured(page.getByLabel(/^Connections, .*; arrow keys/))
      for (const range of ['1 h', '24 h', '7 d', '30 d', '5 min']) {
        const button = page.getByRole('toolbar', { name: 'Range' }).getByRole('button', { name: range, exact: true })
        await button.click()
        await page.locator('[aria-pressed=true]').and(button).waitFor()
      }
      await page.getByRole('button', { name: 'Admitted 2', exact: true }).waitFor()
      // A new session is a second later in the chart, without being asked for.
      const session = await scene.mysql2()
      await page.getByRole('button', { name: 'Admitted 3', exact: true }).waitFor()
      await session.end()
      await page.getByRole('combobox', { name: 'Step' }).selectOption('Greeting sent')
      await coloured(page.getByLabel(/^Time per step; arrow keys/))
      assert.deepEqual(here.complaints, [])
    })

    test('is no wider than a phone of 360 pixels', async () => {
      await using here = await open({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })
      const { page } = here
      const width = () => page.locator('html').evaluate((html) => html.scrollWidth as number)
      for (const part of parts) {
        await turnTo(page, part)
        assert.equal(await width(), 360, part)
      }
      await openPanel(page, refused)
      assert.equal(await width(), 360, 'the panel')
      assert.deepEqual(here.complaints, [])
    })

    for (const colorScheme of ['light', 'dark'] as const) {
      test(`can be read in the ${colorScheme}: all text has a contrast of 4.5 or more`, async () => {
        await using here = await open({ colorScheme })
        const { page } = here
        await lane(page, 'Plugin exchange', 1).waitFor()
        const other = colorScheme === 'light' ? 'Dark' : 'Light'
        await page.getByRole('button', { name: other, exact: true }).waitFor()
        for (const part of parts) {
          await turnTo(page, part)
          assert.deepEqual(await hardToRead(page), [], part)
        }
        await openPanel(page, refused)
        assert.deepEqual(await hardToRead(page), [], 'the panel')
      })
    }

    test('turns to the other theme by its button, and keeps it', async () => {
      await using here = await open({ colorScheme: 'light' })
      const { page } = here
      const light = await groundOf(page)
      await page.getByRole('button', { name: 'Dark', exact: true }).click()
      await page.getByRole('button', { name: 'Light', exact: true }).waitFor()
      const dark = await groundOf(page)
      assert.notEqual(dark, light)
      await page.reload()
      await page.getByRole('button', { name: 'Light', exact: true }).waitFor()
      assert.equal(await groundOf(page), dark)
    })

    test('moves nothing for whom motion is too much', async () => {
      const pictures: number[] = []
      for (const reducedMotion of ['no-preference', 'reduce'] as const) {
        await using here = await open({ reducedMotion })
        const { page } = here
        await lane(page, 'Admitted', 2).waitFor()
        const [changes, session] = await differentPictures(page, () => scene.mysql2())
        pictures.push(changes)
        await session.end()
        await lane(page, 'Admitted', 2).waitFor()
      }
      const [moving = 0, still = 0] = pictures
      assert.ok(moving > 6, `${moving} pictures of a dot that moves`)
      // The dot is there; and the seconds of those who wait go on.
      assert.ok(still <= 4, `${still} pictures of a dot that does not`)
    })
  })
}
