/**
 * Cipher suites by their number: the names that MySQL knows them by (`Ssl_cipher`, `--ssl-cipher`: OpenSSL's), and how to read what
 * they sealed. The table has what MySQL and MariaDB servers of the last fifteen years can choose, and what Node offers.
 *
 * Spec: https://www.iana.org/assignments/tls-parameters/tls-parameters.xhtml#tls-parameters-4
 */

export interface CipherSuite {
  readonly name: string
  /** The cipher as `node:crypto` names it; `undefined`: not read here. */
  readonly cipher: string | undefined
  /** Of the key derivation. */
  readonly hash: 'sha256' | 'sha384'
  /** Of an AEAD: bytes of its tag. */
  readonly tagLength: number
  /** Of CBC: the hash of its HMAC; `undefined` says that it is an AEAD. */
  readonly mac: 'sha1' | 'sha256' | 'sha384' | undefined
}

/** Never fails: a suite that is not in the table is called by its number. */
export function cipherSuite(code: number): CipherSuite {
  return suites.get(code) ?? { ...unread, name: `0x${code.toString(16).padStart(4, '0')}` }
}

const unread = { cipher: undefined, hash: 'sha256', tagLength: 0, mac: undefined } as const

/** How one family of suites seals, then its members: number and key exchange, of which `-` is none in the name. */
type Family = readonly [ending: string, seals: Partial<CipherSuite>, members: string]

const families: readonly Family[] = [
  ['TLS_AES_128_GCM_SHA256', { cipher: 'aes-128-gcm', tagLength: 16 }, '1301 -'],
  ['TLS_AES_256_GCM_SHA384', { cipher: 'aes-256-gcm', tagLength: 16, hash: 'sha384' }, '1302 -'],
  ['TLS_CHACHA20_POLY1305_SHA256', { cipher: 'chacha20-poly1305', tagLength: 16 }, '1303 -'],
  ['TLS_AES_128_CCM_SHA256', { cipher: 'aes-128-ccm', tagLength: 16 }, '1304 -'],
  ['TLS_AES_128_CCM_8_SHA256', { cipher: 'aes-128-ccm', tagLength: 8 }, '1305 -'],
  [
    'AES128-GCM-SHA256',
    { cipher: 'aes-128-gcm', tagLength: 16 },
    `009c - 009e DHE-RSA 00a2 DHE-DSS 00a6 ADH c02b ECDHE-ECDSA c02f ECDHE-RSA
     00a8 PSK 00aa DHE-PSK 00ac RSA-PSK`,
  ],
  [
    'AES256-GCM-SHA384',
    { cipher: 'aes-256-gcm', tagLength: 16, hash: 'sha384' },
    `009d - 009f DHE-RSA 00a3 DHE-DSS 00a7 ADH c02c ECDHE-ECDSA c030 ECDHE-RSA
     00a9 PSK 00ab DHE-PSK 00ad RSA-PSK`,
  ],
  [
    'CHACHA20-POLY1305',
    { cipher: 'chacha20-poly1305', tagLength: 16 },
    'cca8 ECDHE-RSA cca9 ECDHE-ECDSA ccaa DHE-RSA ccab PSK ccac ECDHE-PSK ccad DHE-PSK ccae RSA-PSK',
  ],
  [
    'AES128-CCM',
    { cipher: 'aes-128-ccm', tagLength: 16 },
    'c09c - c09e DHE-RSA c0a4 PSK c0a6 DHE-PSK c0ac ECDHE-ECDSA',
  ],
  [
    'AES256-CCM',
    { cipher: 'aes-256-ccm', tagLength: 16 },
    'c09d - c09f DHE-RSA c0a5 PSK c0a7 DHE-PSK c0ad ECDHE-ECDSA',
  ],
  [
    'AES128-CCM8',
    { cipher: 'aes-128-ccm', tagLength: 8 },
    'c0a0 - c0a2 DHE-RSA c0a8 PSK c0aa DHE-PSK c0ae ECDHE-ECDSA',
  ],
  [
    'AES256-CCM8',
    { cipher: 'aes-256-ccm', tagLength: 8 },
    'c0a1 - c0a3 DHE-RSA c0a9 PSK c0ab DHE-PSK c0af ECDHE-ECDSA',
  ],
  [
    'AES128-SHA',
    { cipher: 'aes-128-cbc', mac: 'sha1' },
    '002f - 0032 DHE-DSS 0033 DHE-RSA 0034 ADH c009 ECDHE-ECDSA c013 ECDHE-RSA c018 AECDH',
  ],
  [
    'AES256-SHA',
    { cipher: 'aes-256-cbc', mac: 'sha1' },
    '0035 - 0038 DHE-DSS 0039 DHE-RSA 003a ADH c00a ECDHE-ECDSA c014 ECDHE-RSA c019 AECDH',
  ],
  [
    'AES128-SHA256',
    { cipher: 'aes-128-cbc', mac: 'sha256' },
    '003c - 0040 DHE-DSS 0067 DHE-RSA 006c ADH c023 ECDHE-ECDSA c027 ECDHE-RSA',
  ],
  ['AES256-SHA256', { cipher: 'aes-256-cbc', mac: 'sha256' }, '003d - 006a DHE-DSS 006b DHE-RSA 006d ADH'],
  ['AES256-SHA384', { cipher: 'aes-256-cbc', mac: 'sha384', hash: 'sha384' }, 'c024 ECDHE-ECDSA c028 ECDHE-RSA'],
  ['AES128-CBC-SHA', { cipher: 'aes-128-cbc', mac: 'sha1' }, '008c PSK 0090 DHE-PSK 0094 RSA-PSK c035 ECDHE-PSK'],
  ['AES256-CBC-SHA', { cipher: 'aes-256-cbc', mac: 'sha1' }, '008d PSK 0091 DHE-PSK 0095 RSA-PSK c036 ECDHE-PSK'],
  ['AES128-CBC-SHA256', { cipher: 'aes-128-cbc', mac: 'sha256' }, '00ae PSK 00b2 DHE-PSK 00b6 RSA-PSK c037 ECDHE-PSK'],
  [
    'AES256-CBC-SHA384',
    { cipher: 'aes-256-cbc', mac: 'sha384', hash: 'sha384' },
    '00af PSK 00b3 DHE-PSK 00b7 RSA-PSK c038 ECDHE-PSK',
  ],
  ['CAMELLIA128-SHA', {}, '0041 - 0044 DHE-DSS 0045 DHE-RSA 0046 ADH'],
  ['CAMELLIA256-SHA', {}, '0084 - 0087 DHE-DSS 0088 DHE-RSA 0089 ADH'],
  ['CAMELLIA128-SHA256', {}, '00ba - 00bd DHE-DSS 00be DHE-RSA 00bf ADH c072 ECDHE-ECDSA c076 ECDHE-RSA'],
  ['CAMELLIA256-SHA256', {}, '00c0 - 00c3 DHE-DSS 00c4 DHE-RSA 00c5 ADH'],
  ['CAMELLIA256-SHA384', {}, 'c073 ECDHE-ECDSA c077 ECDHE-RSA'],
  ['ARIA128-GCM-SHA256', {}, 'c050 - c052 DHE-RSA c056 DHE-DSS c05c ECDHE-ECDSA c060 ECDHE'],
  ['ARIA256-GCM-SHA384', {}, 'c051 - c053 DHE-RSA c057 DHE-DSS c05d ECDHE-ECDSA c061 ECDHE'],
  ['SEED-SHA', {}, '0096 - 0099 DHE-DSS 009a DHE-RSA 009b ADH'],
  ['DES-CBC3-SHA', {}, '000a - 0013 DHE-DSS 0016 DHE-RSA 001b ADH c008 ECDHE-ECDSA c012 ECDHE-RSA c017 AECDH'],
  ['DES-CBC-SHA', {}, '0009 - 0012 DHE-DSS 0015 DHE-RSA 001a ADH'],
  ['RC4-SHA', {}, '0005 - c007 ECDHE-ECDSA c011 ECDHE-RSA c016 AECDH'],
  ['RC4-MD5', {}, '0004 - 0018 ADH'],
]

const suites: ReadonlyMap<number, CipherSuite> = new Map(
  families.flatMap(([ending, seals, members]) =>
    Array.from(members.matchAll(/([0-9a-f]{4}) (\S+)/g), ([, code = '', exchange]): [number, CipherSuite] => [
      Number.parseInt(code, 16),
      { ...unread, ...seals, name: exchange === '-' ? ending : `${exchange}-${ending}` },
    ]),
  ),
)
