/** Where things are on the dashboard's page, by what they are called, and what is drawn where nothing has a name. */
import type { Locator, Page } from 'playwright-core'
import { laneNames, lanes } from '../../src/dashboard/contract.ts'

export type LaneName = (typeof laneNames)[keyof typeof laneNames]
export const everyLane: readonly LaneName[] = lanes.map((lane) => laneNames[lane])

/** The lane's button, as soon as so many are in the lane. */
export function lane(page: Page, name: LaneName, number: number): Locator {
  return page.getByRole('button', { name: new RegExp(`^${name}: ${number} connections?$`) })
}

export const parts = ['Now', 'Over time', 'Refusals', 'Hosts', 'Accounts'] as const

/** Follows a link of the page's own navigation, and waits until what it leads to is there. */
export async function turnTo(page: Page, part: (typeof parts)[number]): Promise<void> {
  const link = page.getByRole('navigation').getByRole('link', { name: part, exact: true })
  await link.click()
  await link.and(page.locator('[aria-current=page]')).waitFor()
  await page.locator('main :is(table, canvas, li)').first().waitFor()
}

/** Opens the panel of a connection by its address. */
export async function openPanel(page: Page, id: number): Promise<Locator> {
  await page.evaluate(`location.hash = '#/handshake/${id}'`)
  const panel = await panelOf(page, id)
  await panel.getByRole('heading', { name: 'What was said' }).waitFor()
  return panel
}

/** Waits for the panel of a connection. */
export async function panelOf(page: Page, id: number): Promise<Locator> {
  const panel = page.getByRole('complementary', { name: `Connection ${id}` })
  await panel.waitFor()
  return panel
}

/** The row of a table that has this text. */
export function row(page: Page, table: string, text: string | RegExp): Locator {
  return page.getByRole('table', { name: table }).getByRole('row').filter({ hasText: text })
}

/** Waits until a colour is drawn in a lane, or nothing at all of it, and something of another. Colours are `r g b`. */
export async function drawn(page: Page, name: LaneName, colour: string, is: 'there' | 'another'): Promise<void> {
  const canvas = page.locator('main canvas').first()
  const button = page.getByRole('button', { name: new RegExp(`^${name}: `) })
  const [whole, part] = [await canvas.boundingBox(), await button.boundingBox()]
  if (whole === null || part === null) throw new Error(`the lane ${name} is not to be seen`)
  const place = [part.x - whole.x, part.y - whole.y, part.width, part.height].map(Math.round)
  const words = `${name}: ${colour} is ${is}`
  await canvas.evaluate(
    async (element, { place: [x = 0, y = 0, width = 0, height = 0], colour, is, words }) => {
      const view = element.ownerDocument.defaultView
      const isSo = () => {
        const { data } = element.getContext('2d').getImageData(x, y, width, height)
        let [own, others] = [0, 0]
        for (let at = 0; at < data.length; at += 4) {
          if (data[at + 3] !== 255) continue
          if (`${data[at]} ${data[at + 1]} ${data[at + 2]}` === colour) own++
          else others++
        }
        return is === 'there' ? own >= 10 : own === 0 && others >= 10
      }
      const endMs = performance.now() + 8000
      while (!isSo()) {
        if (performance.now() > endMs) throw new Error(`it is never so that in ${words}`)
        await new Promise((resolve) => view.requestAnimationFrame(resolve))
      }
    },
    { place, colour, is, words },
  )
}

/** The colour of a dot in the lane, as its heading shows it. */
export async function colourOf(page: Page, name: LaneName): Promise<string> {
  const heading = page.getByRole('button', { name: new RegExp(`^${name}: `) }).getByText(name)
  const colour = await heading.evaluate(
    (element) => element.ownerDocument.defaultView.getComputedStyle(element, '::before').backgroundColor as string,
  )
  return (colour.match(/\d+/g) ?? []).slice(0, 3).join(' ')
}

/** Whether the keyboard's focus is there. */
export function isFocused(locator: Locator): Promise<boolean> {
  return locator.evaluate((element) => element === element.ownerDocument.activeElement)
}

/** Presses Tab until the focus is there. Throws when it never comes there. */
export async function tabTo(page: Page, locator: Locator): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab')
    if (await isFocused(locator)) return
  }
  throw new Error(`Tab does not lead to ${locator}`)
}
