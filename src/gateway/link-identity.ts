/** What makes one pooled link as good as another; the pool keeps them by the text of it. */

export interface LinkIdentity {
  readonly backend: string
  /** As whom it is logged in. */
  readonly user: string
  /** Which credential that was, and which version of it; never the credential. */
  readonly credential: string
  /** Whether its clients come by a secure channel, which they want it to be too. */
  readonly secure: boolean
  readonly capabilities: number
  readonly mariadbCapabilities: number
  /** Whom the PROXY header names; empty where none is sent. */
  readonly clientAddress: string
  /** Whether it is of transaction mode, where the server tells what statements change. */
  readonly tracked: boolean
}

/** No name holds a NUL: on the wire it ends them. */
export function linkKey(identity: LinkIdentity): string {
  const { backend, user, credential, secure, capabilities, mariadbCapabilities, clientAddress, tracked } = identity
  return [backend, user, credential, secure, capabilities, mariadbCapabilities, clientAddress, tracked].join('\0')
}

/** Shapes: `key` is of `linkKey`. */
export function identityOf(key: string): LinkIdentity {
  const [backend = '', user = '', credential = '', secure, ...more] = key.split('\0')
  const [capabilities, mariadbCapabilities, clientAddress = '', tracked] = more
  return {
    ...{ backend, user, credential, secure: secure === 'true', clientAddress, tracked: tracked === 'true' },
    capabilities: Number(capabilities),
    mariadbCapabilities: Number(mariadbCapabilities),
  }
}
