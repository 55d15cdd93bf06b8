/** Who answers where a MySQL server was expected, told by its first bytes: most wrong ports show themselves by them. */

export type ForeignPeer = 'http' | 'ssh' | 'tls' | 'x-protocol' | 'text'

/**
 * Names the protocol of a peer that is no MySQL server; `undefined` for one that may be, and for too few bytes to say.
 *
 * Units: `firstBytes` begins with the first byte that the peer ever sent; 8 bytes are enough.
 */
export function foreignPeer(firstBytes: Uint8Array): ForeignPeer | undefined {
  const [type = 0, version = 0, minor = 0xff, fourth = 0, fifth] = firstBytes
  const start = String.fromCharCode(...firstBytes.subarray(0, 5))
  if (start === 'HTTP/') return 'http'
  if (start.startsWith('SSH-')) return 'ssh'
  // A record (alert or handshake) of TLS; as a MySQL header it would announce a packet of 768 bytes or more.
  if ((type === 0x15 || type === 0x16) && version === 3 && minor <= 4) return 'tls'
  // The X plugin begins with a notice: a length of four bytes, then the type 11.
  if (minor === 0 && fourth === 0 && fifth === 11) return 'x-protocol'
  // The fourth byte of a greeting is its sequence id, zero; in text there is none.
  return firstBytes.length >= 4 && firstBytes.subarray(0, 4).every(isText) ? 'text' : undefined
}

function isText(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d
}
