/**
 * Text from the network, made fit for a page. What it cannot do anyway: it is only ever given to the DOM and to the canvas as text, never as
 * markup. What remains: it must not turn the writing of its neighbours, hide, or be endless.
 */

/** Joiners stay: many scripts need them. A space that is not U+0020 is shown, it could pass for one. */
const unfit = /(?!\u200c|\u200d| )[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Z}]/gu

/** Shows what is no character of a line: `\u{1b}`; no more than `limit` characters of it. */
export function visible(text: string, limit = 400): string {
  const shown = text.length > limit ? `${text.slice(0, limit)} … (${text.length - limit} more)` : text
  if (!/[^ -~]/.test(shown)) return shown
  return shown.replace(unfit, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}

/** Who it is, for people: nobody has a name before the login is read. */
export function who(user: string | null): string {
  if (user === null) return 'not named yet'
  return user === '' ? 'unauthenticated' : visible(user, 80)
}
