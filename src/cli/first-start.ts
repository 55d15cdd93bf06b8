/** What a data directory must hold before the door opens, and what is made when it is new. */
import { randomBytes } from 'node:crypto'
import { open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { account } from '../accounts/defaults.ts'
import { NonceSource } from '../accounts/nonce-source.ts'
import { allPrivileges } from '../accounts/privileges.ts'
import type { AccountStore } from '../accounts/source.ts'
import { cachingSha2Password } from '../auth/caching-sha2-password.ts'
import { ConfigurationError } from '../errors/errors.ts'

export function accountsFile(data: string): string {
  return join(data, 'accounts.sqlite')
}

/**
 * Makes root@localhost when there is no account at all. The password is the one `given`, or random.
 *
 * Returns: the random password, which is kept nowhere else.
 */
export function makeFirstAccount(
  accounts: AccountStore,
  given: string | undefined,
  digestRounds: number,
): { readonly password: string } | undefined {
  if (accounts.list().length > 0) return undefined
  const password = given ?? randomBytes(12).toString('base64url')
  const authString = cachingSha2Password.store(Buffer.from(password), new NonceSource().next(), digestRounds)
  const root = account({
    user: 'root',
    host: 'localhost',
    authString,
    privileges: new Set(allPrivileges),
    passwordChangedMs: Date.now(),
  })
  const made = accounts.transact((edit) => {
    // Another process may have been faster; its account is not ours to replace.
    if (edit.list().length > 0) return false
    edit.put(root)
    return true
  })
  return made && given === undefined ? { password } : undefined
}

/** Takes the first password of root@localhost out of the environment, where children and handlers would see it. */
export function takeRootPassword(
  variable: 'SALTGATE_ROOT_PASSWORD' | 'SALTGATE_ADMIN_PASSWORD' = 'SALTGATE_ROOT_PASSWORD',
): string | undefined {
  const password = process.env[variable]
  delete process.env[variable]
  if (password === '') throw new ConfigurationError(`${variable} is empty: unset it for a random password`)
  return password
}

/**
 * Reads the 32 bytes that keep decoys the same across restarts; makes them when there are none.
 *
 * Throws: `ConfigurationError` when the file cannot be written, read, or is no such key.
 */
export async function decoySecret(data: string): Promise<Uint8Array> {
  const path = join(data, 'decoy.key')
  try {
    const file = await open(path, 'wx', 0o600)
    await file.write(randomBytes(32))
    await file.sync()
    await file.close()
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw new ConfigurationError(`cannot write ${path} (${codeOf(error)})`)
  }
  const secret = await readFile(path).catch((error: unknown) => {
    throw new ConfigurationError(`cannot read ${path} (${codeOf(error)}): check its permissions`)
  })
  if (secret.length !== 32) {
    throw new ConfigurationError(`${path} must hold 32 bytes, not ${secret.length}: remove it, and a new one is made`)
  }
  return secret
}

/**
 * Names the files that more people can reach than should: keys that others can read, and a configuration that others can
 * change, which is a program that runs here. That others can read it is a fault only where it holds one of `secrets`.
 */
export async function exposedFiles(
  data: string,
  config: string | undefined,
  secrets: readonly string[] = [],
): Promise<readonly string[]> {
  if (process.platform === 'win32') return []
  const warnings: string[] = []
  for (const path of [join(data, 'decoy.key'), join(data, 'ca-key.pem')]) {
    if (((await modeOf(path)) & 0o077) !== 0) {
      warnings.push(`${path} can be read by others than its owner: chmod 600 ${path}`)
    }
  }
  if (config === undefined) return warnings
  const mode = await modeOf(config)
  if ((mode & 0o022) !== 0) warnings.push(`${config} can be changed by others than its owner: chmod go-w ${config}`)
  if ((mode & 0o044) !== 0 && (await holdsOneOf(secrets, config))) {
    warnings.push(`${config} holds passwords, and can be read by others than its owner: chmod go-r ${config}`)
  }
  return warnings
}

/** As they are, or as they stand in a URI. */
async function holdsOneOf(secrets: readonly string[], path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return secrets.some((secret) => text.includes(secret) || text.includes(encodeURIComponent(secret)))
}

function modeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ mode }) => mode,
    () => 0,
  )
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
