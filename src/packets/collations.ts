/**
 * Collation ids and their character sets; the id is the one byte (or two) by which both sides name a character set.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/charset-mysql.html
 */

/** Ids by character set; a pair is an inclusive range. */
const idsByCharset: Readonly<Record<string, readonly (number | readonly [number, number])[]>> = {
  utf8mb4: [45, 46, [224, 247], [255, 323]],
}

export function charsetOfCollation(id: number): string | undefined {
  return charsets.get(id)
}

const charsets = new Map<number, string>()
for (const [charset, ids] of Object.entries(idsByCharset)) {
  for (const entry of ids) {
    const [from, to] = typeof entry === 'number' ? [entry, entry] : entry
    for (let id = from; id <= to; id++) charsets.set(id, charset)
  }
}
