/** Refusals: told as they happen, with what is behind them; and names that are written to deceive whoever reads them. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { type Visit, visit } from '../support/browser.ts'
import { lane, openPanel, row, turnTo } from './dashboard-page.ts'
import { hostileNames, password, Scene } from './dashboard-scene.ts'

export function testRefusals(browser: () => Browser): void {
  describe('refusals', () => {
    let scene: Scene
    let here: Visit
    before(async () => {
      scene = await Scene.open()
      here = await visit(browser(), scene.url)
    })
    after(async () => {
      assert.deepEqual(here.complaints, [])
      await here[Symbol.asyncDispose]()
      await scene[Symbol.asyncDispose]()
    })

    test('are seen in the lane where they happen, with the reason', async () => {
      const { page } = here
      await lane(page, 'Login read', 0).waitFor()
      await assert.rejects(scene.mysql2({ password: 'wrong' }), { errno: 1045 })
      await page
        .getByRole('button', { name: /^Login read: / })
        .getByText('secret-mismatch')
        .waitFor()
    })

    test('are told with the cause that was found out, the remedy and the ladder, as they happen', async () => {
      const { page } = here
      await turnTo(page, 'Refusals')
      await groups(page).filter({ hasText: 'once' }).waitFor()
      await assert.rejects(scene.mysql2({ user: 'report', password: `${password}\n` }), { errno: 1045 })
      const group = groups(page).filter({ hasText: 'twice' })
      await group.filter({ hasText: 'newline behind the password' }).waitFor()
      assert.match((await group.textContent()) ?? '', /mysql2 \d.*from 127\.0\.0\.0\/24.*Make the secret without it/)
      await group.getByText('twice').click()
      await group.getByText('report, app').waitFor()
      await group
        .getByRole('button', { name: /^#\d+$/ })
        .first()
        .click()

      const panel = page.getByRole('complementary')
      await panel.getByText('Remedy: Make the secret without it').waitFor()
      assert.match((await panel.textContent()) ?? '', /newline behind the password/)
      assert.match((await panel.textContent()) ?? '', /the client was told error 1045/)
      const said = panel.getByRole('row')
      for (const words of ['accepted', 'greeting', 'login', 'the password is checked', 'ERROR', 'refused']) {
        await said.filter({ has: page.getByRole('cell', { name: words, exact: true }) }).waitFor()
      }
      assert.ok(!(await page.content()).includes(`>${password}<`))
      await page.keyboard.press('Escape')
    })

    test('are grouped by what is wrong, and found by what they say', async () => {
      const { page } = here
      for (let i = 0; i < 3; i++) await assert.rejects(scene.mysql2({ user: 'gone' }), { errno: 3118 })
      await groups(page).filter({ hasText: '3 times' }).filter({ hasText: 'locked' }).waitFor()
      await page.getByText('5 refusals in 2 groups').waitFor()
      await page.getByRole('searchbox').fill('locked gone')
      await page.getByText('3 refusals in 1 group').waitFor()
      assert.equal(await groups(page).count(), 1)
      await page.getByRole('searchbox').fill('nothing like it')
      await page.getByText('No group matches.').waitFor()
      await page.getByRole('searchbox').fill('')
    })
  })

  describe('names that are written to deceive', () => {
    test('are text wherever they are shown, and nothing else', async () => {
      await using scene = await Scene.open()
      await using here = await visit(browser(), scene.url)
      const { page } = here
      const shown = ['<script>alert(1)</script>', '"><img src=x onerror=alert(2)>', '\\u{202e}evil\\u{7}\\u{2066}x']
      const connectAttributes = Object.fromEntries(hostileNames.map((name) => [name, name]))
      const sessions = []
      for (const user of hostileNames) sessions.push(await scene.mysql2({ user, connectAttributes }))
      for (const user of hostileNames) {
        const login = scene.mysql2({
          user,
          password: 'wrong',
          connectAttributes: { _client_name: user, _client_version: '1' },
        })
        await assert.rejects(login, { errno: 1045 })
      }
      await lane(page, 'Admitted', 3).waitFor()
      for (const name of shown) await row(page, 'Connections in Admitted', name).waitFor()
      await nothingButText(page)

      for (const [i, { threadId }] of sessions.entries()) {
        const panel = await openPanel(page, threadId)
        await panel.getByText(`'${shown[i]}'@'%'`).waitFor()
        await panel.getByText(/^Connection attributes/).click()
        for (const name of shown) assert.notEqual(await panel.getByText(name, { exact: true }).count(), 0)
        await nothingButText(page)
      }
      await turnTo(page, 'Refusals')
      await page.getByText('3 refusals in 3 groups').waitFor()
      for (const summary of await groups(page).getByText('once', { exact: true }).all()) await summary.click()
      for (const name of shown) await page.getByText(`${name} 1, from 127.0.0.0/24`).waitFor()
      for (const name of shown) await page.getByRole('definition').getByText(name, { exact: true }).waitFor()
      await nothingButText(page)
      await turnTo(page, 'Accounts')
      for (const name of shown) await row(page, 'Accounts', `'${name}'@'%'`).waitFor()
      await nothingButText(page)
      assert.deepEqual(here.complaints, [])
    })
  })
}

/** All that are shown. */
function groups(page: Page) {
  return page.getByRole('main').getByRole('listitem')
}

/** No name has become an element, and none turns the writing of its neighbours. */
async function nothingButText(page: Page): Promise<void> {
  assert.equal(await page.locator('#page script, #page img, [onerror]').count(), 0)
  const text = await page.locator('body').innerText()
  for (const character of '\u202e\u2066\u0007') assert.ok(!text.includes(character), 'only how it is written')
}
