/** Scripts of the usual shape: a greeting, perhaps TLS, and then packets, each after one of the client's. */
import type { SecureContextOptions } from 'node:tls'
import type { Identity } from './certificates.ts'
import { frame, frames, type Greeting, greeting, ok, withTls } from './packets.ts'
import type { Step } from './server.ts'

export interface Course {
  readonly greeting?: Greeting
  readonly tls?: Identity
  readonly tlsOptions?: SecureContextOptions
}

export const hear: Step = { do: 'hear' }
export const close: Step = { do: 'close' }
export const say = (...bytes: Uint8Array[]): Step => ({ do: 'say', bytes: Buffer.concat(bytes) })

/** Up to the client's login, inclusive. */
export function opening(course: Course = {}): Step[] {
  const { tls, tlsOptions } = course
  const offer = { ...(tls !== undefined && { capabilities: withTls }), ...course.greeting }
  const first = say(frame(greeting(offer), 0))
  if (tls === undefined) return [first, hear]
  return [first, hear, { do: 'encrypt', as: tls, ...(tlsOptions && { options: tlsOptions }) }, hear]
}

/** Id of the first packet that answers the login. */
export const answerId = ({ tls }: Course = {}): number => (tls === undefined ? 2 : 3)

/** The login, then these packets; the client is heard after each. */
export function dialogue(payloads: readonly Uint8Array[], course: Course = {}): Step[] {
  const steps = payloads.flatMap((payload, i) => [say(frame(payload, answerId(course) + 2 * i)), hear])
  return [...opening(course), ...steps]
}

/** The login succeeds; then, to each command, one of these answers: packets whose ids run from 1. */
export function session(answers: readonly (readonly Uint8Array[])[], course: Course = {}): Step[] {
  return [
    ...opening(course),
    say(frame(ok, answerId(course))),
    ...answers.flatMap((payloads) => [hear, say(frames(payloads, 1))]),
    hear,
    hear,
  ]
}
