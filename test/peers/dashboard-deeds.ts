/** Hosts and accounts: who is blocked, how it is let in again, and which accounts are weak. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { type Visit, visit } from '../support/browser.ts'
import { row } from './dashboard-page.ts'
import { Scene } from './dashboard-scene.ts'

/** A host of its own to the door, unlike 127.0.0.1, which is localhost. */
const outsider = '127.0.0.2'
const via = { localAddress: outsider }

export function testDeeds(browser: () => Browser): void {
  describe('hosts and accounts', () => {
    let scene: Scene
    let here: Visit
    before(async () => {
      scene = await Scene.open({ settings: ['max_connect_errors=2'] })
      here = await visit(browser(), `${scene.url}#/hosts`)
    })
    after(async () => {
      assert.deepEqual(here.complaints, [])
      await here[Symbol.asyncDispose]()
      await scene[Symbol.asyncDispose]()
    })

    test('flush a blocked host, and not before it is confirmed; then it gets in again', async () => {
      const { page } = here
      for (let i = 0; i < 2; i++) await scene.scanned(via)
      const host = row(page, 'Hosts', outsider)
      await host.filter({ hasText: 'blocked' }).waitFor()
      await page.getByText('1 blocked').waitFor()
      await assert.rejects(scene.mysql2({ via }), { errno: 1129 })

      const dialog = page.getByRole('dialog', { name: `Flush ${outsider}?` })
      await page.getByRole('button', { name: `Flush ${outsider}` }).click()
      await dialog.getByRole('button', { name: 'Cancel' }).click()
      await dialog.waitFor({ state: 'detached' })
      await assert.rejects(scene.mysql2({ via }), { errno: 1129 })

      await page.getByRole('button', { name: `Flush ${outsider}` }).click()
      await dialog.getByRole('button', { name: 'Flush' }).click()
      await dialog.getByText(`${outsider} is forgotten`).waitFor()
      await dialog.getByRole('button', { name: 'Close' }).click()
      await host.waitFor({ state: 'detached' })
      const [rows] = await (await scene.mysql2({ via })).query('SELECT USER() AS who')
      assert.deepEqual(rows, [{ who: `app@${outsider}` }])
    })

    test('mark weak accounts, and tell when each was used and failed', async () => {
      const { page } = here
      await assert.rejects(scene.mysql2({ user: 'report', password: 'wrong' }), { errno: 1045 })
      await page.goto(`${scene.url}#/accounts`)
      const account = (name: string) => row(page, 'Accounts', name)
      await account("'old'@'%'").filter({ hasText: 'native password' }).waitFor()
      await account("'open'@'localhost'")
        .filter({ hasText: 'empty password' })
        .filter({ hasText: 'never used' })
        .waitFor()
      await account("'gone'@'%'").filter({ hasText: 'locked' }).waitFor()
      await account("'app'@'%'").filter({ hasNotText: 'none seen' }).waitFor()
      await page.getByRole('button', { name: 'Failures' }).click()
      await page.getByRole('button', { name: 'Failures' }).click()
      const first = page.getByRole('table', { name: 'Accounts' }).getByRole('row').nth(1)
      await first.filter({ hasText: "'report'@'%'" }).waitFor()
      const text = await page.getByRole('main').innerText()
      assert.doesNotMatch(text, /secret|\$A\$|\*[0-9A-F]{40}/)
    })
  })
}
