/**
 * Answers that prove nothing, in the form in which a server expects them. One of another form, like a login that is broken off, counts
 * towards max_connect_errors there, and a hundred in a row block the address: whoever speaks for many clients has to be refused instead.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/host-cache.html
 */

/** `first`: it answers the plugin's first packet. Of plugins without a form, and of those not known here, it is "no password". */
export function wrongAnswer(plugin: string, first: boolean): Uint8Array {
  switch (plugin) {
    case 'mysql_native_password':
      return new Uint8Array(20)
    case 'client_ed25519':
      return new Uint8Array(64)
    case 'parsec':
      return new Uint8Array(first ? 0 : 96)
    default:
      return Uint8Array.of(0)
  }
}
