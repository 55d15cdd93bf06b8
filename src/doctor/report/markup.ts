/** Text from a capture, made fit for HTML and SVG: it stays text, whatever it holds. */
import { visible } from './visible.ts'

export function escaped(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
