/**
 * What a login gives its client a claim to: connections of one identity, opened in one way. The key of what may be shared is made here, and
 * nowhere else.
 */
import { type Account, accountName } from '../accounts/account.ts'
import { isSecure } from '../auth/plugin.ts'
import type { Login as LoginFacts } from '../machine/login.ts'
import type { Signer } from '../machine/server-states.ts'
import type { ConnectionRecord } from '../registry/connection-record.ts'
import { collationOf, type LoginWants, logIn } from './backend-login.ts'
import type { Backend } from './backends.ts'
import { ofSession } from './capabilities.ts'
import { credentialOf } from './credentials.ts'
import type { Configured, Gateway } from './gateway.ts'
import type { SessionStart } from './link.ts'
import { linkKey } from './link-identity.ts'
import type { LinkWish } from './pool.ts'
import { proxyHeader } from './proxy-header.ts'
import type { BookedRule } from './rule-book.ts'
import type { Credential } from './rules.ts'
import type { SessionState } from './session-state.ts'

export interface Claim {
  readonly gateway: Gateway
  readonly configured: Configured
  readonly record: ConnectionRecord
  readonly rule: BookedRule | undefined
  readonly login: LoginFacts
  readonly account: Account
  readonly database: string | undefined
}

/** `signer`: what the client's proof gave away; not needed where the gateway has a credential. `state`: of a session that goes on. */
export function wishOf(claim: Claim, backend: Backend, signer: Signer | undefined, state?: SessionState): LinkWish {
  const { gateway, configured, record, rule, login, account } = claim
  const user = rule?.as?.user ?? login.user
  // Versions of accounts that were read anew after a reload begin anew, too.
  const credentialVersion =
    rule?.way === 'backend'
      ? `${accountName(account)} ${account.credentialVersion} of ${configured.generation}`
      : `rule ${rule?.number} of ${configured.generation}`
  const { capabilities, mariadbCapabilities } = login
  const { sendProxy } = backend.options
  // The backend knows the link for a client at this address, and chose the account by it.
  const clientAddress = sendProxy === undefined ? '' : (record.address ?? 'local')
  const tracked = rule?.pool === 'transaction'
  const key = linkKey({
    ...{ backend: backend.name, user, credential: credentialVersion, secure: isSecured(claim) },
    // What is of the client's own leg is the same to a backend.
    ...{ capabilities: capabilities & ofSession, mariadbCapabilities, clientAddress, tracked },
  })
  const start = startOf(claim, backend, state)
  const credential = ownCredential(rule)
  const signedBy = async (): Promise<Signer> =>
    credential === undefined ? (signer ?? noPassword) : await fetched(credential, backend, user)
  const wants = wantsOf(claim, backend, key)
  const { onEnd } = gateway.pool
  return {
    ...{ backend, key, start, tracked },
    open: async () => logIn({ ...wants, as: { user, database: start.database, signer: await signedBy() }, onEnd }),
    renew: async (link) => gateway.renew(link, { user, database: start.database, signer: await signedBy() }, wants),
  }
}

/** How a connection is made, whoever logs in over it. */
export function wantsOf(
  claim: Pick<Claim, 'configured' | 'record' | 'login'>,
  backend: Backend,
  key: string,
): Omit<LoginWants, 'as' | 'onEnd'> {
  const { record, login } = claim
  const { capabilities, mariadbCapabilities, maxPacketSize } = login
  const preamble = proxyHeader(backend.options, record)
  return {
    ...{ backend, key, secure: isSecured(claim) },
    shape: { capabilities, mariadbCapabilities, collationId: collationOf(login, backend), maxPacketSize },
    ...(preamble !== undefined && { preamble }),
  }
}

/** Of the gateway's own, for the backend; `undefined`: the client's proof will do there. */
export function ownCredential(rule: BookedRule | undefined): Credential | undefined {
  return rule?.as?.credential ?? rule?.credentials
}

export const noPassword: Signer = { kind: 'password', bytes: new Uint8Array(0) }

/** What a client sent over a secure channel goes over no other. */
function isSecured({ record, configured }: Pick<Claim, 'configured' | 'record'>): boolean {
  return isSecure(record.channel) && configured.tlsPolicy === 'backend-at-least-client'
}

function startOf({ login, database }: Claim, backend: Backend, state: SessionState | undefined): SessionStart {
  const collationId = collationOf(login, backend)
  if (state === undefined) return { database, collationId }
  const { variables, wasReset } = state
  return { database: state.database, variables, collationId: wasReset ? undefined : collationId }
}

async function fetched(credential: Credential, { settings: { target } }: Backend, user: string): Promise<Signer> {
  const { host, port } = target.kind === 'tcp' ? target : { host: 'localhost', port: 0 }
  return { kind: 'password', bytes: await credentialOf(credential, { user, host, port }) }
}
