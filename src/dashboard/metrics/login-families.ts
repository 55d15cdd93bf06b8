/** Metrics of the connection phase: what the door's tally counts. */
import { denyReasons } from '../../errors/deny-reasons.ts'
import type { Family } from './family.ts'
import { histogramOf } from './histogram.ts'

export const loginFamilies: readonly Family[] = [
  {
    name: 'saltgate_connections',
    type: 'gauge',
    labels: ['phase'],
    help: 'Connections in each phase of the login; ready: they are in',
    read: ({ tally }) => Object.entries(tally.phases).map(([phase, { now }]) => ({ labels: { phase }, value: now })),
  },
  {
    name: 'saltgate_connection_seconds_total',
    type: 'counter',
    labels: ['phase'],
    help: 'Connections in each phase by the time they were in it; its rate is their average number, with nothing missed between scrapes',
    read: ({ tally }) =>
      Object.entries(tally.phases).map(([phase, { connectionMs }]) => ({
        labels: { phase },
        value: connectionMs / 1000,
      })),
  },
  {
    name: 'saltgate_logins_total',
    type: 'counter',
    labels: ['result', 'kind', 'plugin', 'channel'],
    help: 'Logins that ended; plugin none: refused before an account was chosen',
    read: ({ tally }) =>
      tally.logins.map(({ outcome, again, plugin, channel, count }) => ({
        labels: { result: outcome, kind: kindOf(again), plugin, channel },
        value: count,
      })),
  },
  {
    name: 'saltgate_login_duration_seconds',
    type: 'histogram',
    labels: ['result', 'kind', 'plugin', 'channel'],
    help: 'From the accept, or from COM_CHANGE_USER, to the end of the login',
    *read({ tally }) {
      for (const login of tally.logins) {
        const { outcome, again, plugin, channel } = login
        yield* histogramOf(this.name, { result: outcome, kind: kindOf(again), plugin, channel }, login)
      }
    },
  },
  {
    name: 'saltgate_login_phase_duration_seconds',
    type: 'histogram',
    labels: ['phase', 'plugin', 'channel'],
    help: 'How long logins that ended were in each phase',
    *read({ tally }) {
      for (const time of tally.times) {
        const { phase, plugin, channel } = time
        yield* histogramOf(this.name, { phase, plugin, channel }, time)
      }
    },
  },
  {
    name: 'saltgate_refusals_total',
    type: 'counter',
    labels: ['reason'],
    help: 'Refused logins by the true reason, which the client is not told; docs/deny-reasons.md explains each',
    read: ({ tally }) => reasons.map((reason) => ({ labels: { reason }, value: tally.reasons[reason] ?? 0 })),
  },
  {
    name: 'saltgate_tls_logins_total',
    type: 'counter',
    labels: ['version'],
    help: 'Logins that ended and had TLS, by its version',
    read: ({ tally }) =>
      Object.entries({ ...noTls, ...tally.tls }).map(([version, value]) => ({ labels: { version }, value })),
  },
]

/** All are there from the start: who looks for what grew sees the first of its kind, too. */
const reasons = Object.keys(denyReasons) as (keyof typeof denyReasons)[]
const noTls: Readonly<Record<string, number>> = { 'TLSv1.2': 0, 'TLSv1.3': 0 }

function kindOf(again: boolean): string {
  return again ? 'change_user' : 'connect'
}
