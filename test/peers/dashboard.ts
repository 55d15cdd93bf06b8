/** The dashboard as people see it: the page as it is built, in a real Chromium, before real doors that real clients come to. */
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import type { Browser } from 'playwright-core'
import { startBrowser } from '../support/browser.ts'
import { mustRun } from './command.ts'
import { testDeeds } from './dashboard-deeds.ts'
import { testLanes } from './dashboard-lanes.ts'
import { testLooks } from './dashboard-looks.ts'
import { testReach } from './dashboard-reach.ts'
import { testRefusals } from './dashboard-refusals.ts'
import { installed, type Peer } from './install.ts'

/** Declares the tests. The browser starts before them and ends after them. */
export function testDashboard(peers: readonly Peer[]): void {
  const chromium = installed(peers, 'chromium')
  const skip = chromium === undefined && 'MISSING: chromium'
  describe(`the dashboard in Chromium ${chromium?.version ?? ''}`, { skip, timeout: 300_000 }, () => {
    let browser: Browser
    before(async () => {
      // What is proven is the source as it is, not what was built from it once.
      await mustRun([process.execPath, join(import.meta.dirname, '../../scripts/page.ts')])
      browser = await startBrowser(chromium?.argv[0])
    })
    after(() => browser?.close())

    testLanes(() => browser)
    testRefusals(() => browser)
    testDeeds(() => browser)
    testLooks(() => browser)
    testReach(() => browser)
  })
}
