/** Now: each connection in its lane, as it comes, waits and goes. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { openDashboard } from '../../src/dashboard/dashboard.ts'
import { History } from '../../src/dashboard/history.ts'
import { type Visit, visit } from '../support/browser.ts'
import { scratch } from '../support/cli.ts'
import { startDnsServer } from '../support/dns-server.ts'
import { openDoor, until } from '../support/door.ts'
import { RawClient } from '../support/raw-client.ts'
import { colourOf, drawn, everyLane, isFocused, lane, openPanel, panelOf, row, tabTo } from './dashboard-page.ts'
import { lost, Scene } from './dashboard-scene.ts'

export function testLanes(browser: () => Browser): void {
  describe('now', () => {
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

    test('shows each kind of client in its lane, as it comes', async () => {
      const { page } = here
      for (const name of everyLane) await lane(page, name, 0).waitFor()
      await scene.mysql2()
      await lane(page, 'Admitted', 1).waitFor()
      await scene.mariadb()
      await lane(page, 'Admitted', 2).waitFor()
      await scene.silent()
      await lane(page, 'Greeting sent', 1).waitFor()
      await scene.halfHello()
      await lane(page, 'TLS', 1).waitFor()
      await scene.stopsAtSwitch()
      await lane(page, 'Plugin exchange', 1).waitFor()
      for (const name of ['Accepted', 'Resolving name', 'Login read', 'Backend'] as const) {
        await lane(page, name, 0).waitFor()
      }
      for (const user of ['app', 'shop']) await row(page, 'Connections in Admitted', user).waitFor()
    })

    test('lists who says nothing for longer than patience among those who wait, and draws them otherwise', async () => {
      const { page } = here
      await drawn(page, 'Admitted', await colourOf(page, 'Admitted'), 'there')
      for (const step of ['Greeting sent', 'TLS', 'Plugin exchange'] as const) {
        await row(page, 'Waiting too long', step).waitFor()
        await drawn(page, step, await colourOf(page, step), 'another')
      }
      assert.match((await row(page, 'Waiting too long', 'Greeting sent').textContent()) ?? '', /unauthenticated/)
      assert.match((await row(page, 'Waiting too long', 'Plugin exchange').textContent()) ?? '', /app/)
    })

    test('moves a connection out of its lane when it goes', async () => {
      const { page } = here
      const stranger = await scene.silent()
      await lane(page, 'Greeting sent', 2).waitFor()
      stranger.destroy()
      await lane(page, 'Greeting sent', 1).waitFor()
      await lane(page, 'Greeting sent', 1).getByText('client-gone').waitFor()
    })

    test('opens from the drawn dot what is known of the connection', async () => {
      const { page } = here
      const box = await page.getByRole('button', { name: /^Admitted: / }).boundingBox()
      assert.ok(box)
      await page.mouse.move(box.x + 20, box.y + 71)
      await page.getByText('Admitted for').waitFor()
      await page.mouse.click(box.x + 20, box.y + 71)
      const panel = page.getByRole('complementary')
      await panel.getByText('greeting', { exact: true }).waitFor()
      await panel.getByRole('button', { name: 'Close' }).click()
      await panel.waitFor({ state: 'detached' })
    })

    test('leads by keyboard to a lane, a connection, its panel and back to where it came from', async () => {
      const { page } = here
      const { threadId } = await scene.mysql2({ user: 'report' })
      await page.reload()
      const greeting = lane(page, 'Greeting sent', 1)
      await greeting.waitFor()
      await tabTo(page, greeting)
      for (let i = everyLane.indexOf('Greeting sent'); i < everyLane.indexOf('Admitted'); i++) {
        await page.keyboard.press('ArrowRight')
      }
      assert.ok(await isFocused(page.getByRole('button', { name: /^Admitted: / })), 'arrows go from lane to lane')
      await page.keyboard.press('Enter')
      const opener = page
        .getByRole('table', { name: 'Connections in Admitted' })
        .getByRole('button', { name: `#${threadId}` })
      await tabTo(page, opener)
      await page.keyboard.press('Enter')
      const panel = await panelOf(page, threadId)
      await panel.getByRole('button', { name: 'Kill connection' }).waitFor()
      await tabTo(page, panel.getByRole('button', { name: 'Kill connection' }))
      await page.keyboard.press('Enter')
      await page.getByRole('dialog').waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      assert.ok(await panel.isVisible(), 'Escape closes the question alone')
      await page.keyboard.press('Escape')
      await panel.waitFor({ state: 'detached' })
      assert.ok(await isFocused(opener), 'the focus is where it was')
    })

    test('kills a connection from its panel, and not before it is confirmed', async () => {
      const { page } = here
      const session = await scene.mysql2({ user: 'old' })
      const panel = await openPanel(page, session.threadId)
      const dialog = page.getByRole('dialog', { name: `Kill connection #${session.threadId}?` })
      await panel.getByRole('button', { name: 'Kill connection' }).click()
      await dialog.getByRole('button', { name: 'Cancel' }).click()
      await dialog.waitFor({ state: 'detached' })
      await session.query('SELECT 1')

      const ended = lost(session)
      await panel.getByRole('button', { name: 'Kill connection' }).click()
      await dialog.getByRole('button', { name: 'Kill connection' }).click()
      await ended
      await dialog.getByText(`connection ${session.threadId} was ended`).waitFor()
      await dialog.getByRole('button', { name: 'Close' }).click()
      await panel.getByText('admitted, closed').waitFor()
      assert.equal(await panel.getByRole('button', { name: 'Kill connection' }).count(), 0)
    })
  })

  test('a connection whose name is looked up is in the lane for that', async () => {
    using directory = scratch()
    const dns = await startDnsServer()
    dns.answers.set('PTR 3.0.0.127.in-addr.arpa', 'silence')
    const { door, front, keys, port, close } = await openDoor({
      accounts: [{ user: 'app', password: 'secret' }],
      dnsServers: [dns.address],
    })
    const { log } = door
    const watched = { administered: door, listening: front.listening }
    const history = History.open({ watched, file: `${directory.path}/history.sqlite`, log })
    const dashboard = await openDashboard({ watched, history, keys, log, listen: '127.0.0.1:0', access: {} })
    try {
      await using here = await visit(browser(), dashboard.url)
      await lane(here.page, 'Resolving name', 0).waitFor()
      const resolving = lane(here.page, 'Resolving name', 1).waitFor()
      const client = await RawClient.connect({ port, localAddress: '127.0.0.3' })
      await resolving
      // The lookup is given up after a second.
      await lane(here.page, 'Greeting sent', 1).waitFor()
      client.destroy()
      assert.deepEqual(here.complaints, [])
    } finally {
      await until(() => door.registry.live.size === 0, 'the client has left')
      await dashboard.close()
      await history.close()
      await close()
      await dns.close()
    }
  })
}
