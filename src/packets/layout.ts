/**
 * The one rule that several encoders share: a field is there exactly when its capability bit says so.
 */
import { ConfigurationError } from '../errors/errors.ts'
import { type CapabilityName, capability, has } from './capabilities.ts'

/** Longest user, password answer, database or plugin name that any peer may send or expect. */
const MAX_LOGIN_STRING = 0xffff

/**
 * Returns the value of a field that the bit announces, or `undefined` when neither bit nor value is there.
 *
 * Throws: `ConfigurationError` when only one of the two is: the peer would read something else than was meant.
 */
export function announced<T>(capabilities: number, bit: CapabilityName, field: string, value: T | undefined) {
  if (has(capabilities, capability[bit]) === (value !== undefined)) return value
  throw new ConfigurationError(
    value === undefined ? `CLIENT_${bit} is set, but ${field} is not` : `${field} needs CLIENT_${bit}`,
  )
}

/** Throws `ConfigurationError` when a string of the login is longer than 65,535 bytes. */
export function checkLoginString(bytes: Uint8Array | string, field: string): void {
  if (bytes.length <= MAX_LOGIN_STRING) return
  throw new ConfigurationError(`${field} is ${bytes.length} bytes long; the most is ${MAX_LOGIN_STRING}`)
}
