/**
 * Collation ids and their character sets; the id is the one byte (or two) by which both sides name a character set.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/charset-mysql.html
 */

/** Ids by character set; a pair is an inclusive range. */
const idsByCharset: Readonly<Record<string, readonly (number | readonly [number, number])[]>> = {
  armscii8: [32, 64],
  ascii: [11, 65],
  big5: [1, 84],
  binary: [63],
  cp1250: [26, 34, 44, 66, 99],
  cp1251: [14, 23, [50, 52]],
  cp1256: [57, 67],
  cp1257: [29, 58, 59],
  cp850: [4, 80],
  cp852: [40, 81],
  cp866: [36, 68],
  cp932: [95, 96],
  dec8: [3, 69],
  eucjpms: [97, 98],
  euckr: [19, 85],
  gb18030: [[248, 250]],
  gb2312: [24, 86],
  gbk: [28, 87],
  geostd8: [92, 93],
  greek: [25, 70],
  hebrew: [16, 71],
  hp8: [6, 72],
  keybcs2: [37, 73],
  koi8r: [7, 74],
  koi8u: [22, 75],
  latin1: [5, 8, 15, 31, [47, 49], 94],
  latin2: [2, 9, 21, 27, 77],
  latin5: [30, 78],
  latin7: [20, 41, 42, 79],
  macce: [38, 43],
  macroman: [39, 53],
  sjis: [13, 88],
  swe7: [10, 82],
  tis620: [18, 89],
  ucs2: [35, 90, [128, 151], 159],
  ujis: [12, 91],
  utf16: [54, 55, [101, 124]],
  utf16le: [56, 62],
  utf32: [60, 61, [160, 183]],
  utf8mb3: [33, 76, 83, [192, 215], 223],
  utf8mb4: [45, 46, [224, 247], [255, 323]],
}

/** The character set of a collation; `undefined` for an id that MySQL has not given to any. */
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
