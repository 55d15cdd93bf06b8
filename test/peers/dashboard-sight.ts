/** What an eye would see of the page: whether there is colour in a picture, whether it moves, and whether text can be read. */
import type { Locator, Page } from 'playwright-core'

/** Waits until something that is not grey is drawn on the canvas in there. */
export async function coloured(chart: Locator): Promise<void> {
  await chart.locator('canvas').evaluate(async (canvas) => {
    const view = canvas.ownerDocument.defaultView
    const isColoured = () => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
      let pixels = 0
      for (let at = 0; at < data.length; at += 4) {
        const [r = 0, g = 0, b = 0, alpha = 0] = data.subarray(at, at + 4)
        if (alpha === 255 && Math.max(r, g, b) - Math.min(r, g, b) > 40) pixels++
      }
      return pixels >= 20
    }
    const endMs = performance.now() + 8000
    while (!isColoured()) {
      if (performance.now() > endMs) throw new Error('the canvas shows nothing in colour')
      await new Promise((resolve) => view.requestAnimationFrame(resolve))
    }
  })
}

/** How often the lanes look other than in the frame before, within 1.5 seconds in which something is done; and what came of that. */
export async function differentPictures<T>(page: Page, act: () => Promise<T>): Promise<readonly [number, T]> {
  const lanes = await page.locator('main canvas').first().elementHandle()
  const counting = lanes?.evaluate(async (canvas) => {
    const view = canvas.ownerDocument.defaultView
    const endMs = performance.now() + 1500
    let before = canvas.toDataURL() as string
    let changes = 0
    while (performance.now() < endMs) {
      await new Promise((resolve) => view.requestAnimationFrame(resolve))
      const now = canvas.toDataURL() as string
      if (now !== before) changes++
      before = now
    }
    return changes
  })
  const [changes = 0, done] = await Promise.all([counting, act()])
  return [changes, done]
}

/** The colour behind everything. */
export function groundOf(page: Page): Promise<string> {
  return page.locator('body').evaluate((body) => {
    return body.ownerDocument.defaultView.getComputedStyle(body).backgroundColor as string
  })
}

/**
 * Text that is shown with a contrast below 4.5, with both colours; what cannot be used now may be paler.
 *
 * Spec: https://www.w3.org/TR/WCAG22/#contrast-minimum
 */
export function hardToRead(page: Page): Promise<string[]> {
  return page.locator('body').evaluate((body) => {
    const view = body.ownerDocument.defaultView
    const context = body.ownerDocument.createElement('canvas').getContext('2d', { willReadFrequently: true })
    /** Red, green, blue and alpha of 0 to 1, of whatever CSS calls a colour. */
    const parsed = (colour: string): number[] => {
      context.clearRect(0, 0, 1, 1)
      context.fillStyle = colour
      context.fillRect(0, 0, 1, 1)
      return [...context.getImageData(0, 0, 1, 1).data].map((part) => part / 255)
    }
    const over = ([r = 0, g = 0, b = 0, alpha = 1]: number[], below: number[]) =>
      [r, g, b].map((part, i) => part * alpha + (below[i] ?? 0) * (1 - alpha))
    const luminance = (colour: number[]) => {
      const [r = 0, g = 0, b = 0] = colour.map((part) =>
        part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
      )
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    // biome-ignore lint/suspicious/noExplicitAny: an element; this program is checked without the types of browsers
    const groundOf = (element: any): number[] => {
      if (element === null) return [1, 1, 1]
      const own = parsed(view.getComputedStyle(element).backgroundColor)
      return own[3] === 1 ? own : over(own, groundOf(element.parentElement))
    }
    const found: string[] = []
    for (const element of body.querySelectorAll('*')) {
      const style = view.getComputedStyle(element)
      const text = [...element.childNodes]
        .map((node) => (node.nodeType === 3 ? node.data : ''))
        .join('')
        .trim()
      if (text === '' || !element.checkVisibility() || element.disabled || style.clipPath !== 'none') continue
      const ground = groundOf(element)
      const [light = 0, dark = 0] = [luminance(ground), luminance(over(parsed(style.color), ground))].sort(
        (a, b) => b - a,
      )
      const contrast = (light + 0.05) / (dark + 0.05)
      if (contrast < 4.5) found.push(`${text.slice(0, 40)}: ${contrast.toFixed(2)}, ${style.color}`)
    }
    return [...new Set(found)]
  })
}
