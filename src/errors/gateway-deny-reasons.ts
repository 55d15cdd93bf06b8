/** The reasons that only a gateway has: rules, hooks and backends. */
import type { DenyRow } from './deny-row.ts'

export const gatewayDenyReasons = {
  'no-rule': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: undefined,
    connectError: false,
    explains: 'no rule of the gateway lets this user in from this host',
    remedy: 'see which rules were compared: saltgate gateway --explain-rule user@host',
  },
  'backend-unavailable': {
    error: undefined,
    hostCache: 'COUNT_LOCAL_ERRORS',
    connectError: false,
    explains: 'no backend of the gateway could take the session: down, full, or refusing the gateway itself',
    remedy: 'see what is known of each: SELECT * FROM saltgate.backends on the admin console',
  },
  'backend-refused': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: 'COUNT_AUTHENTICATION_ERRORS',
    connectError: false,
    explains: 'the backend refused the client, whose login was relayed or proven anew there',
    remedy: 'the error is the one of the backend: look for the account there',
  },
  'hook-denied': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: undefined,
    connectError: false,
    explains: "a hook of the gateway's configuration refused",
    remedy: 'the detail is what the hook said of it',
  },
  'hook-failed': {
    error: 'ER_ACCESS_DENIED_ERROR',
    hostCache: 'COUNT_LOCAL_ERRORS',
    connectError: false,
    explains:
      "a hook of the gateway's configuration threw, took too long or made no valid decision; refused to be safe",
    remedy: 'the log has the error',
  },
} as const satisfies Record<string, DenyRow>
