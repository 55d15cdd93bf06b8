/**
 * LIKE as MySQL has it: `%` and `_`, a backslash or the ESCAPE character before a literal one, upper and lower case alike.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/string-comparison-functions.html
 */

/** Takes at most text × pattern steps, whatever the pattern. */
export function isLike(text: string, pattern: string, escapeCharacter = '\\'): boolean {
  const subject = [...text.toLowerCase()]
  const parts = parsePattern(pattern.toLowerCase(), escapeCharacter.toLowerCase())
  let at = 0
  let part = 0
  let resumePart = -1
  let resumeAt = 0
  while (at < subject.length) {
    const wanted = parts[part]
    if (wanted === anyText) {
      resumePart = ++part
      resumeAt = at
    } else if (wanted !== undefined && (wanted === anyCharacter || wanted === subject[at])) {
      part++
      at++
    } else if (resumePart !== -1) {
      part = resumePart
      at = ++resumeAt
    } else return false
  }
  while (parts[part] === anyText) part++
  return part === parts.length
}

const anyText = Symbol('%')
const anyCharacter = Symbol('_')

function parsePattern(pattern: string, escapeCharacter: string): (string | symbol)[] {
  const characters = [...pattern]
  const parts: (string | symbol)[] = []
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] as string
    if (character === escapeCharacter && i + 1 < characters.length) parts.push(characters[++i] as string)
    else parts.push(character === '%' ? anyText : character === '_' ? anyCharacter : character)
  }
  return parts
}
