/** Which client program a login is of: as it says, or as its capabilities betray it. Nothing of it is proven. */
import { fingerprintFrom } from '../doctor/fingerprint.ts'
import type { Login } from '../machine/login.ts'

/** `PyMySQL 1.1.1`, or `probably sqlx` where it does not say; at most 100 characters. `null`: it cannot be told. */
export function clientName(login: Login | undefined): string | null {
  if (login === undefined) return null
  // What remains of a client's capabilities are those that the server offers, too.
  const { client, version, certain } = fingerprintFrom(login, login.connectAttributes, login.capabilities)
  if (client === 'unknown') return null
  const name = version === undefined ? client : `${client} ${version}`
  return (certain ? name : `probably ${name}`).slice(0, 100)
}
