/**
 * Logs in to a backend for one client: the client's own machine and driver, with capabilities that fit the client's, and a proof that is
 * a password, a digest that was recovered from the client's proof, or the client itself.
 */

import { cachingSha2FromDigest, nativeFromDigest } from '../auth/from-digest.ts'
import type { ClientPlugin } from '../auth/plugin.ts'
import { clientPlugins } from '../auth/plugins.ts'
import { Login } from '../client/login.ts'
import type { Prompt } from '../client/secrets.ts'
import type { Settings } from '../client/settings.ts'
import { isLocal } from '../client/target.ts'
import { clientError } from '../errors/errors.ts'
import type { Login as LoginFacts } from '../machine/login.ts'
import type { Signer } from '../machine/server-states.ts'
import { names } from '../packets/capabilities.ts'
import { charsetOfCollation } from '../packets/character-sets.ts'
import type { ConnectAttributes } from '../packets/connect-attributes.ts'
import type { Backend } from './backends.ts'
import { ofBackendLeg, ofSession } from './capabilities.ts'
import { Link } from './link.ts'
import { relayOpener } from './relay.ts'

/** What of a client decides how its backend session looks. */
export type ClientShape = Pick<LoginFacts, 'capabilities' | 'mariadbCapabilities' | 'collationId' | 'maxPacketSize'>

export interface BackendIdentity {
  readonly user: string
  readonly database: string | undefined
  readonly signer: Signer
}

/** Who a relayed login asks. */
export interface Relayed {
  readonly plugins: ReadonlyMap<string, ClientPlugin>
  readonly prompt: Prompt
}

export interface LoginWants {
  readonly backend: Backend
  readonly as: BackendIdentity
  readonly shape: ClientShape
  /** The client's, where the connection is for it alone. */
  readonly attributes?: ConnectAttributes | undefined
  /** Nothing is sent to a backend in clear, unless it is on this machine. */
  readonly secure: boolean
  readonly relayed?: Relayed
  /** Ahead of everything: a PROXY header. */
  readonly preamble?: Uint8Array
  /** Of the pool, for the link. */
  readonly key: string
  readonly onEnd: (link: Link) => void
}

/**
 * Opens a link.
 *
 * Throws: `ServerError` for what the backend refuses; `ClientError` and `ProtocolViolation` for what went wrong on the way; `FullAuthenticationWanted`
 * when a digest will not do. After a throw nothing is open.
 */
export function logIn(wants: LoginWants): Promise<Link> {
  const { backend, as, shape, relayed, key, onEnd } = wants
  const { user, database, signer } = as
  const own = settingsFor(wants)
  const { zstdLevel } = own.login
  return new Promise((resolve, reject) => {
    const passwords = [signer.bytes, none, none]
    const identity = { user, database, passwords: [], openidToken: undefined }
    new Login(own, identity, { passwords, tokens: new Map() }, relayed?.prompt ?? nobodyToAsk, {
      failed: reject,
      entered: (entered) => {
        backend.onGreeting(factsOf(entered.loggedIn.greeting))
        const missing = shape.capabilities & ofSession & ~entered.loggedIn.capabilities
        if (missing !== 0) {
          entered.wire.destroy()
          const what = names(missing).join(', ')
          return reject(
            clientError('CR_SSL_CONNECTION_ERROR', `the backend has not what the client was offered: ${what}`),
          )
        }
        resolve(new Link(backend, entered, key, { database, collationId: shape.collationId }, zstdLevel, onEnd))
      },
    }).start()
  })
}

/** The backend's settings, bent to what the client negotiated. */
export function settingsFor({ backend, as, shape, secure, relayed, preamble, attributes }: LoginWants): Settings {
  const { settings } = backend
  const { login, target } = settings
  const capabilities = ((shape.capabilities & ofSession) | ofBackendLeg) >>> 0
  const tls = secure && login.tls !== 'required' && !isLocal(target) ? 'required' : login.tls
  return {
    ...settings,
    ...(preamble !== undefined && { preamble }),
    login: {
      ...login,
      ...{ capabilities, tls, plugins: relayed?.plugins ?? pluginsFor(as.signer) },
      neverBreaksOff: true,
      mariadbCapabilities: shape.mariadbCapabilities,
      collationId: shape.collationId,
      maxPacketSize: shape.maxPacketSize,
      ...(attributes !== undefined && { connectAttributes: attributes }),
      ...(relayed !== undefined && relaying),
    },
  }
}

/**
 * The collation of a client's session that a login can carry, in one byte, and a pooled link can be given. COM_CHANGE_USER has two bytes
 * for it, and clients that get its fields wrong have anything there. A server takes what it does not know for its default.
 */
export function collationOf({ collationId }: Pick<LoginFacts, 'collationId'>, { facts }: Backend): number {
  const known = collationId <= 0xff && charsetOfCollation(collationId) !== undefined
  return known ? collationId : (facts?.collationId ?? utf8mb4)
}

const utf8mb4 = 45

function factsOf(greeting: {
  readonly serverVersion: string
  readonly capabilities: number
  readonly mariadbCapabilities: number
  readonly collationId: number
  readonly authPluginName: string | undefined
}) {
  const { serverVersion, capabilities, mariadbCapabilities, collationId, authPluginName } = greeting
  return {
    ...{ serverVersion, capabilities, mariadbCapabilities, collationId },
    plugin: authPluginName ?? 'mysql_native_password',
  }
}

/** The plugins that a proof will do for. */
function pluginsFor({ kind }: Signer): ReadonlyMap<string, ClientPlugin> {
  return kind === 'password' ? clientPlugins : kind === 'sha1' ? onlyNative : onlySha2
}

const onlyNative = new Map([[nativeFromDigest.name, nativeFromDigest]])
const onlySha2 = new Map([[cachingSha2FromDigest.name, cachingSha2FromDigest]])

/** The client decided itself whom it trusts with what. */
const relaying = { allowClearPassword: true, mayRequestPublicKey: true, defaultPlugin: relayOpener } as const

const none = new Uint8Array(0)

const nobodyToAsk: Prompt = () =>
  Promise.reject(clientError('CR_AUTH_PLUGIN_ERR', 'dialog', 'the backend asks what only a person can answer'))
