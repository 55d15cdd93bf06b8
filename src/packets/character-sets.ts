/**
 * The character sets and collations of MySQL 9.7. The id of a collation is the byte (or two) by which both sides name a
 * character set; names and descriptions are for the tables that list them.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/charset-charsets.html
 */
export interface CharacterSet {
  readonly name: string
  readonly description: string
  readonly maxLength: number
  readonly defaultCollation: string
  readonly collations: readonly Collation[]
}

export interface Collation {
  readonly name: string
  readonly id: number
  readonly sortLength: number
  readonly padAttribute: 'PAD SPACE' | 'NO PAD'
}

/**
 * Name, description, bytes of the longest character, default collation; then the collations by id, without the name of
 * their character set.
 */
const text = `
  armscii8 | ARMSCII-8 Armenian | 1 | general_ci | 32 general_ci, 64 bin;
  ascii | US ASCII | 1 | general_ci | 11 general_ci, 65 bin;
  big5 | Big5 Traditional Chinese | 2 | chinese_ci | 1 chinese_ci, 84 bin;
  binary | Binary pseudo charset | 1 |  | 63;
  cp1250 | Windows Central European | 1 | general_ci | 26 general_ci, 34 czech_cs, 44 croatian_ci, 66 bin, 99
    polish_ci;
  cp1251 | Windows Cyrillic | 1 | general_ci | 14 bulgarian_ci, 23 ukrainian_ci, 50 bin, 51 general_ci, 52 general_cs;
  cp1256 | Windows Arabic | 1 | general_ci | 57 general_ci, 67 bin;
  cp1257 | Windows Baltic | 1 | general_ci | 29 lithuanian_ci, 58 bin, 59 general_ci;
  cp850 | DOS West European | 1 | general_ci | 4 general_ci, 80 bin;
  cp852 | DOS Central European | 1 | general_ci | 40 general_ci, 81 bin;
  cp866 | DOS Russian | 1 | general_ci | 36 general_ci, 68 bin;
  cp932 | SJIS for Windows Japanese | 2 | japanese_ci | 95 japanese_ci, 96 bin;
  dec8 | DEC West European | 1 | swedish_ci | 3 swedish_ci, 69 bin;
  eucjpms | UJIS for Windows Japanese | 3 | japanese_ci | 97 japanese_ci, 98 bin;
  euckr | EUC-KR Korean | 2 | korean_ci | 19 korean_ci, 85 bin;
  gb18030 | China National Standard GB18030 | 4 | chinese_ci | 248 chinese_ci, 249 bin, 250 unicode_520_ci;
  gb2312 | GB2312 Simplified Chinese | 2 | chinese_ci | 24 chinese_ci, 86 bin;
  gbk | GBK Simplified Chinese | 2 | chinese_ci | 28 chinese_ci, 87 bin;
  geostd8 | GEOSTD8 Georgian | 1 | general_ci | 92 general_ci, 93 bin;
  greek | ISO 8859-7 Greek | 1 | general_ci | 25 general_ci, 70 bin;
  hebrew | ISO 8859-8 Hebrew | 1 | general_ci | 16 general_ci, 71 bin;
  hp8 | HP West European | 1 | english_ci | 6 english_ci, 72 bin;
  keybcs2 | DOS Kamenicky Czech-Slovak | 1 | general_ci | 37 general_ci, 73 bin;
  koi8r | KOI8-R Relcom Russian | 1 | general_ci | 7 general_ci, 74 bin;
  koi8u | KOI8-U Ukrainian | 1 | general_ci | 22 general_ci, 75 bin;
  latin1 | cp1252 West European | 1 | swedish_ci | 5 german1_ci, 8 swedish_ci, 15 danish_ci, 31 german2_ci, 47 bin,
    48 general_ci, 49 general_cs, 94 spanish_ci;
  latin2 | ISO 8859-2 Central European | 1 | general_ci | 2 czech_cs, 9 general_ci, 21 hungarian_ci, 27 croatian_ci,
    77 bin;
  latin5 | ISO 8859-9 Turkish | 1 | turkish_ci | 30 turkish_ci, 78 bin;
  latin7 | ISO 8859-13 Baltic | 1 | general_ci | 20 estonian_cs, 41 general_ci, 42 general_cs, 79 bin;
  macce | Mac Central European | 1 | general_ci | 38 general_ci, 43 bin;
  macroman | Mac West European | 1 | general_ci | 39 general_ci, 53 bin;
  sjis | Shift-JIS Japanese | 2 | japanese_ci | 13 japanese_ci, 88 bin;
  swe7 | 7bit Swedish | 1 | swedish_ci | 10 swedish_ci, 82 bin;
  tis620 | TIS620 Thai | 1 | thai_ci | 18 thai_ci, 89 bin;
  ucs2 | UCS-2 Unicode | 2 | general_ci | 35 general_ci, 90 bin, 128 unicode_ci, 129 icelandic_ci, 130 latvian_ci,
    131 romanian_ci, 132 slovenian_ci, 133 polish_ci, 134 estonian_ci, 135 spanish_ci, 136 swedish_ci, 137
    turkish_ci, 138 czech_ci, 139 danish_ci, 140 lithuanian_ci, 141 slovak_ci, 142 spanish2_ci, 143 roman_ci, 144
    persian_ci, 145 esperanto_ci, 146 hungarian_ci, 147 sinhala_ci, 148 german2_ci, 149 croatian_ci, 150
    unicode_520_ci, 151 vietnamese_ci, 159 general_mysql500_ci;
  ujis | EUC-JP Japanese | 3 | japanese_ci | 12 japanese_ci, 91 bin;
  utf16 | UTF-16 Unicode | 4 | general_ci | 54 general_ci, 55 bin, 101 unicode_ci, 102 icelandic_ci, 103 latvian_ci,
    104 romanian_ci, 105 slovenian_ci, 106 polish_ci, 107 estonian_ci, 108 spanish_ci, 109 swedish_ci, 110
    turkish_ci, 111 czech_ci, 112 danish_ci, 113 lithuanian_ci, 114 slovak_ci, 115 spanish2_ci, 116 roman_ci, 117
    persian_ci, 118 esperanto_ci, 119 hungarian_ci, 120 sinhala_ci, 121 german2_ci, 122 croatian_ci, 123
    unicode_520_ci, 124 vietnamese_ci;
  utf16le | UTF-16LE Unicode | 4 | general_ci | 56 general_ci, 62 bin;
  utf32 | UTF-32 Unicode | 4 | general_ci | 60 general_ci, 61 bin, 160 unicode_ci, 161 icelandic_ci, 162 latvian_ci,
    163 romanian_ci, 164 slovenian_ci, 165 polish_ci, 166 estonian_ci, 167 spanish_ci, 168 swedish_ci, 169
    turkish_ci, 170 czech_ci, 171 danish_ci, 172 lithuanian_ci, 173 slovak_ci, 174 spanish2_ci, 175 roman_ci, 176
    persian_ci, 177 esperanto_ci, 178 hungarian_ci, 179 sinhala_ci, 180 german2_ci, 181 croatian_ci, 182
    unicode_520_ci, 183 vietnamese_ci;
  utf8mb3 | UTF-8 Unicode | 3 | general_ci | 33 general_ci, 76 tolower_ci, 83 bin, 192 unicode_ci, 193 icelandic_ci,
    194 latvian_ci, 195 romanian_ci, 196 slovenian_ci, 197 polish_ci, 198 estonian_ci, 199 spanish_ci, 200
    swedish_ci, 201 turkish_ci, 202 czech_ci, 203 danish_ci, 204 lithuanian_ci, 205 slovak_ci, 206 spanish2_ci, 207
    roman_ci, 208 persian_ci, 209 esperanto_ci, 210 hungarian_ci, 211 sinhala_ci, 212 german2_ci, 213 croatian_ci,
    214 unicode_520_ci, 215 vietnamese_ci, 223 general_mysql500_ci;
  utf8mb4 | UTF-8 Unicode | 4 | 0900_ai_ci | 45 general_ci, 46 bin, 224 unicode_ci, 225 icelandic_ci, 226 latvian_ci,
    227 romanian_ci, 228 slovenian_ci, 229 polish_ci, 230 estonian_ci, 231 spanish_ci, 232 swedish_ci, 233
    turkish_ci, 234 czech_ci, 235 danish_ci, 236 lithuanian_ci, 237 slovak_ci, 238 spanish2_ci, 239 roman_ci, 240
    persian_ci, 241 esperanto_ci, 242 hungarian_ci, 243 sinhala_ci, 244 german2_ci, 245 croatian_ci, 246
    unicode_520_ci, 247 vietnamese_ci, 255 0900_ai_ci, 256 de_pb_0900_ai_ci, 257 is_0900_ai_ci, 258 lv_0900_ai_ci,
    259 ro_0900_ai_ci, 260 sl_0900_ai_ci, 261 pl_0900_ai_ci, 262 et_0900_ai_ci, 263 es_0900_ai_ci, 264 sv_0900_ai_ci,
    265 tr_0900_ai_ci, 266 cs_0900_ai_ci, 267 da_0900_ai_ci, 268 lt_0900_ai_ci, 269 sk_0900_ai_ci, 270
    es_trad_0900_ai_ci, 271 la_0900_ai_ci, 273 eo_0900_ai_ci, 274 hu_0900_ai_ci, 275 hr_0900_ai_ci, 277
    vi_0900_ai_ci, 278 0900_as_cs, 279 de_pb_0900_as_cs, 280 is_0900_as_cs, 281 lv_0900_as_cs, 282 ro_0900_as_cs, 283
    sl_0900_as_cs, 284 pl_0900_as_cs, 285 et_0900_as_cs, 286 es_0900_as_cs, 287 sv_0900_as_cs, 288 tr_0900_as_cs, 289
    cs_0900_as_cs, 290 da_0900_as_cs, 291 lt_0900_as_cs, 292 sk_0900_as_cs, 293 es_trad_0900_as_cs, 294
    la_0900_as_cs, 296 eo_0900_as_cs, 297 hu_0900_as_cs, 298 hr_0900_as_cs, 300 vi_0900_as_cs, 303 ja_0900_as_cs, 304
    ja_0900_as_cs_ks, 305 0900_as_ci, 306 ru_0900_ai_ci, 307 ru_0900_as_cs, 308 zh_0900_as_cs, 309 0900_bin, 310
    nb_0900_ai_ci, 311 nb_0900_as_cs, 312 nn_0900_ai_ci, 313 nn_0900_as_cs, 314 sr_latn_0900_ai_ci, 315
    sr_latn_0900_as_cs, 316 bs_0900_ai_ci, 317 bs_0900_as_cs, 318 bg_0900_ai_ci, 319 bg_0900_as_cs, 320
    gl_0900_ai_ci, 321 gl_0900_as_cs, 322 mn_cyrl_0900_ai_ci, 323 mn_cyrl_0900_as_cs
`

/** Sort lengths that do not follow from the kind of the collation. */
const sortLengths: Readonly<Record<string, number>> = {
  cp1250_czech_cs: 2,
  gb18030_chinese_ci: 2,
  gb18030_unicode_520_ci: 8,
  latin1_german2_ci: 2,
  latin2_czech_cs: 4,
  tis620_thai_ci: 4,
  utf8mb4_0900_bin: 1,
  utf8mb4_ja_0900_as_cs_ks: 24,
}

export const characterSets: readonly CharacterSet[] = text.split(';').map((entry) => {
  const [name = '', description = '', maxLength, byDefault = '', list = ''] = entry
    .split('|')
    .map((part) => part.trim())
  const full = (suffix: string | undefined) => (suffix ? `${name}_${suffix}` : name)
  const collations = list.split(',').map((item): Collation => {
    const [id, suffix] = item.trim().split(/\s+/)
    const collation = full(suffix)
    const padAttribute = name === 'binary' || collation.includes('_0900_') ? 'NO PAD' : 'PAD SPACE'
    return { name: collation, id: Number(id), sortLength: sortLengthOf(collation), padAttribute }
  })
  return { name, description, maxLength: Number(maxLength), defaultCollation: full(byDefault), collations }
})

/** The character set of a collation; `undefined` for an id that MySQL has not given to any. */
export function charsetOfCollation(id: number): string | undefined {
  return charsetById.get(id)
}

const charsetById = new Map(characterSets.flatMap(({ name, collations }) => collations.map(({ id }) => [id, name])))

/** 0 for the collations of UCA 9.0.0, 8 for those of older UCA versions, 1 for simple ones. */
function sortLengthOf(collation: string): number {
  const known = sortLengths[collation]
  if (known !== undefined) return known
  if (collation.includes('_0900_')) return 0
  return /^(?:utf|ucs)/.test(collation) && !/_(?:bin|general_ci|tolower_ci|general_mysql500_ci)$/.test(collation)
    ? 8
    : 1
}
