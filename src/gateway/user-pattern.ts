/** The user part of a rule: a pattern as in LIKE, which tells capitals from small letters, as MySQL does with users. */

export interface UserPattern {
  readonly text: string
  matches(user: string): boolean
  /** Whether all users that `other` matches match here; may say no where it is yes. */
  covers(other: UserPattern): boolean
}

/** `%` is any text, `_` any one character, `\` takes their meaning away. Never throws. */
export function compileUserPattern(text: string): UserPattern {
  const tokens = tokensOf(text)
  const literal = tokens.includes(ANY) || tokens.includes(ONE) ? undefined : String.fromCodePoint(...tokens)
  return {
    text,
    matches: (user) => (literal === undefined ? fits(tokens, codePoints(user)) : user === literal),
    covers: (other) => fits(tokens, tokensOf(other.text)),
  }
}

function tokensOf(text: string): number[] {
  const tokens: number[] = []
  const characters = codePoints(text)
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] as number
    const next = characters[i + 1]
    if (character === BACKSLASH && next !== undefined) {
      tokens.push(next)
      i++
    } else tokens.push(character === PERCENT ? ANY : character === UNDERSCORE ? ONE : character)
  }
  return tokens
}

/** Goes back to the last `%` only, so that a hostile name costs at most its length times that of the pattern. */
function fits(pattern: readonly number[], text: readonly number[]): boolean {
  let at = 0
  let token = 0
  let lastAny = -1
  let resumeAt = 0
  while (at < text.length) {
    if (pattern[token] === ANY) {
      lastAny = token++
      resumeAt = at
    } else if (pattern[token] === text[at] || (pattern[token] === ONE && text[at] !== ANY)) {
      token++
      at++
    } else if (lastAny >= 0) {
      token = lastAny + 1
      at = ++resumeAt
    } else {
      return false
    }
  }
  while (pattern[token] === ANY) token++
  return token === pattern.length
}

function codePoints(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) as number)
}

const ANY = -1
const ONE = -2
const BACKSLASH = 0x5c
const PERCENT = 0x25
const UNDERSCORE = 0x5f
