/** A real browser before a page of ours: Debian's Chromium without a window, in a new profile of its own each time. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

export const chromiumPath = '/usr/bin/chromium'

/** The caller closes it; its profile goes with it. */
export function startBrowser(executablePath: string = chromiumPath): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  })
}

export interface Visit extends AsyncDisposable {
  readonly page: Page
  /**
   * What no page of ours may do, in the order in which it happened: requests to other hosts, dialogs of JavaScript, exceptions, and errors in
   * the console, among them all that the page's policy has forbidden.
   */
  readonly complaints: string[]
}

/** Opens a page as somebody who was never there. Rejects when there is no answer that can be shown. */
export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  context.setDefaultTimeout(deadlineMs)
  const page = await context.newPage()
  const complaints: string[] = []
  const { origin } = new URL(url)
  page.on('request', (request) => {
    const own = [`${origin}/`, 'data:', `blob:${origin}/`].some((start) => request.url().startsWith(start))
    if (!own) complaints.push(`request: ${request.url()}`)
  })
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()} ${message.location().url}`)
  })
  try {
    await page.goto(url, { waitUntil: 'domcontentloaded' })
  } catch (error) {
    await context.close()
    throw error
  }
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() }
}

const deadlineMs = 10_000
