/**
 * The identity of an account as a map key: the user name is compared byte for byte, the host name without regard to case.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/account-names.html
 */

/** The host comes first: it never holds a NUL, so no two accounts share a key. */
export function accountKey(user: string, host: string): string {
  return `${host.toLowerCase()}\0${user}`
}
