/**
 * Client halves that prove a password of which only a digest is known: what a client's own proof gave away to the server that
 * checked it (`recovered` of its verdict). By these a gateway logs in to a backend as its client, without ever having the password.
 *
 * `login.password` is that digest: SHA1(password), 20 bytes, or SHA256(password), 32 bytes; empty for "no password". It opens every
 * server where the password holds, so it is as secret as the password.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html
 */
import { ClientError, clientError } from '../errors/errors.ts'
import {
  cachingSha2Password,
  fastAuthSuccess,
  fullAuthentication,
  scrambleCachingSha2Digest,
} from './caching-sha2-password.ts'
import { unexpectedData } from './dialogues.ts'
import { mysqlNativePassword, scrambleNativeDigest } from './mysql-native-password.ts'
import type { ClientDialogue, ClientLogin, ClientPlugin } from './plugin.ts'
import { sha1 } from './primitives.ts'

/**
 * The server does not remember the password (a restart, FLUSH PRIVILEGES, a changed credential) and wants it whole, which a digest
 * cannot give. Nothing is wrong with the digest: somebody who has the password has to log in there once.
 */
export class FullAuthenticationWanted extends ClientError {
  constructor(plugin: string) {
    const why = 'the server wants the password itself, and only its digest is known here'
    const { symbol, code, sqlState, message } = clientError('CR_AUTH_PLUGIN_ERR', plugin, why)
    super(symbol, code, sqlState, message)
  }
}

export const nativeFromDigest: ClientPlugin = {
  name: mysqlNativePassword.name,
  nonceLength: mysqlNativePassword.nonceLength,
  secrets: 'never-sent',

  *client({ password, nonce }: ClientLogin): ClientDialogue {
    throw unexpectedData(this.name, yield scrambleNativeDigest(password, nonce))
  },

  passwordHash({ password }: ClientLogin): Uint8Array {
    return password.length === 0 ? new Uint8Array(0) : sha1(password)
  },
}

/** Throws, when its dialogue is ended after the server asked for the password: `FullAuthenticationWanted`. */
export const cachingSha2FromDigest: ClientPlugin = {
  name: cachingSha2Password.name,
  nonceLength: cachingSha2Password.nonceLength,
  secrets: 'never-sent',

  *client({ password, nonce }: ClientLogin): ClientDialogue {
    const data = yield scrambleCachingSha2Digest(password, nonce)
    const status = data.length === 1 ? data[0] : undefined
    if (status === fullAuthentication) return yield* decline(this.name)
    if (status !== fastAuthSuccess) throw unexpectedData(this.name, data, 'fast auth result')
    // The empty turn sends nothing: OK follows.
    throw unexpectedData(this.name, yield new Uint8Array(0))
  },
}

/**
 * Measured on MySQL 9.7: a client that leaves here counts towards max_connect_errors, and a hundred in a row, as behind a restart, would
 * block the address. So what is no password goes out, and the refusal that follows is what ends the dialogue. For FAILED_LOGIN_ATTEMPTS
 * both ways count.
 */
function* decline(plugin: string): ClientDialogue {
  try {
    yield Uint8Array.from(noPassword)
  } finally {
    raise(new FullAuthenticationWanted(plugin))
  }
}

function raise(error: Error): never {
  throw error
}

/** Without a NUL it is none in clear, by its length none that is sealed; nor is it the request for a key. */
const noPassword = [0x01]
