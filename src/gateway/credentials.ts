/**
 * The password that the gateway shows a backend: fetched from where the configuration says at the moment of each login, so that
 * it may change at any time; nothing is kept.
 */
import { type ExecFileException, execFile } from 'node:child_process'
import { constants, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { types } from 'node:util'
import { awsIamToken } from '../client/aws-iam.ts'
import { awsCredentials } from '../client/aws-iam-credentials.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { didYouMean } from '../errors/nearest-name.ts'
import { discreet } from './discreet.ts'
import type { Credential } from './rules.ts'

/** Whom a password is for, and where. */
export interface LoginAtBackend {
  /** The user at the backend. */
  readonly user: string
  readonly host: string
  readonly port: number
}

/**
 * Checks what somebody wrote as a credential: exactly one of its forms, with a value of the right type. The copy that is returned
 * does not show a password when it is printed; a relative `file` starts from the directory `base`.
 *
 * Throws: `ConfigurationError` that begins with `place`; it never repeats a value.
 */
export function checkedCredential(value: unknown, place: string, base: string = process.cwd()): Credential {
  const forms = Object.keys(wellFormed) as (keyof typeof wellFormed)[]
  if (typeof value !== 'object' || value === null) {
    throw new ConfigurationError(`${place} is no object: write one of ${forms.map(formText).join(', ')}`)
  }
  const keys = Object.keys(value)
  const unknown = keys.find((key) => !Object.hasOwn(wellFormed, key))
  if (unknown !== undefined) {
    const remedy = didYouMean(unknown, forms) || `: known are ${forms.join(', ')}`
    throw new ConfigurationError(`${place}: unknown key '${unknown}'${remedy}`)
  }
  const [form] = keys as (keyof typeof wellFormed)[]
  if (form === undefined || keys.length > 1) {
    throw new ConfigurationError(`${place} needs exactly one of ${forms.join(', ')}`)
  }
  const { accepts, needs } = wellFormed[form]
  if (!accepts((value as Record<string, unknown>)[form])) throw new ConfigurationError(`${place}.${form} ${needs}`)
  const credential = value as Credential
  if ('password' in credential) return discreet(credential, 'password')
  return 'file' in credential ? { file: resolve(base, credential.file) } : { ...credential }
}

/**
 * Fetches a password. A promise only where something has to be waited for; it settles within `deadlineMs`. The bytes are the
 * caller's, who wipes them.
 *
 * Throws, or rejects with: `ConfigurationError` that says whose password is missing and why. It holds nothing of the secret, nor of what
 * a program or a callback said about its failure.
 */
export function credentialOf(
  credential: Credential,
  login: LoginAtBackend,
  deadlineMs: number = defaultDeadlineMs,
): Uint8Array | Promise<Uint8Array> {
  if ('password' in credential) return usable(utf8.encode(credential.password), login)
  if ('env' in credential) {
    const value = process.env[credential.env]
    if (value === undefined) throw missing(login, `the environment variable ${credential.env} is not set`)
    return given(value, `the environment variable ${credential.env}`, login)
  }
  if ('callback' in credential) {
    const answer = called(credential.callback, login)
    return types.isPromise(answer)
      ? inTime(() => answer, 'the callback', login, deadlineMs).then((value) => given(value, 'the callback', login))
      : given(answer, 'the callback', login)
  }
  if ('awsIam' in credential) return inTime(() => awsToken(credential.awsIam, login), 'AWS IAM', login, deadlineMs)
  if ('file' in credential) return inTime(() => fromFile(credential.file, login), credential.file, login, deadlineMs)
  const [program = ''] = credential.command
  return inTime(() => outputOf(credential.command, login, deadlineMs), program, login, deadlineMs)
}

/** Where a password comes from, for people: never the password, nor the arguments of a program. */
export function credentialText(credential: Credential): string {
  if ('password' in credential) return 'the password in the configuration'
  if ('env' in credential) return `the password in the environment variable ${credential.env}`
  if ('file' in credential) {
    return `${isJson(credential.file) ? "the password under the user's name in" : 'the first line of'} ${credential.file}`
  }
  if ('command' in credential) return `the password that the program ${credential.command[0]} prints`
  return 'awsIam' in credential ? 'an AWS IAM token' : 'the password that a callback gives'
}

async function inTime<T>(ask: () => Promise<T>, who: string, login: LoginAtBackend, deadlineMs: number): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(missing(login, `${who} gave none within ${deadlineMs} ms`)), deadlineMs)
  try {
    return await Promise.race([ask(), late.promise])
  } catch (error) {
    throw error instanceof ConfigurationError ? error : missing(login, `${who} failed (${kindOf(error)})`)
  } finally {
    clearTimeout(timer)
  }
}

function called(callback: Extract<Credential, { callback: unknown }>['callback'], login: LoginAtBackend): unknown {
  try {
    const { host, port, user } = login
    return callback({ host, port, user })
  } catch (error) {
    throw missing(login, `the callback failed (${kindOf(error)})`)
  }
}

async function awsToken({ region }: { readonly region?: string }, login: LoginAtBackend): Promise<Uint8Array> {
  try {
    const token = await awsIamToken({
      ...login,
      ...(region !== undefined && { region }),
      credentials: () => awsCredentials(),
    })
    return utf8.encode(token)
  } catch (error) {
    throw missing(login, error instanceof ConfigurationError ? error.message : `AWS IAM failed (${kindOf(error)})`)
  }
}

async function fromFile(path: string, login: LoginAtBackend): Promise<Uint8Array> {
  // A pipe would be waited for without O_NONBLOCK. What is looked at is what is read: the file may be replaced at any time.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((error: unknown) => {
    throw missing(login, `the file ${path} cannot be read (${kindOf(error)})`)
  })
  try {
    const found = await file.stat()
    if (!found.isFile()) throw missing(login, `${path} is not a file`)
    const remedy = tooOpen(found)
    if (remedy !== undefined) {
      throw missing(login, `the file ${path} can be used by others than its owner: chmod ${remedy} ${path}`)
    }
    if (found.size > maxFileBytes) throw missing(login, `the file ${path} is larger than ${maxFileBytes} bytes`)
    const content = await file.readFile()
    return isJson(path) ? memberOf(content, path, login) : firstLine(content, `the file ${path}`, login)
  } finally {
    await file.close()
  }
}

/** Of files that belong to somebody else (a mounted secret, root's), a group may read them: that is how they are handed over. */
function tooOpen({ mode, uid }: Stats): string | undefined {
  if (process.geteuid === undefined) return undefined
  if (uid === process.geteuid()) return (mode & 0o077) === 0 ? undefined : '600'
  return (mode & 0o007) === 0 ? undefined : 'o-rwx'
}

function memberOf(content: Buffer, path: string, login: LoginAtBackend): Uint8Array {
  let members: unknown
  try {
    members = JSON.parse(content.toString('utf8'))
  } catch {
    // What JSON.parse says quotes the text.
    throw missing(login, `the file ${path} is not JSON`)
  } finally {
    content.fill(0)
  }
  if (typeof members !== 'object' || members === null || !Object.hasOwn(members, login.user)) {
    throw missing(login, `the file ${path} has no member of that name`)
  }
  return given((members as Record<string, unknown>)[login.user], `the member of ${path}`, login)
}

function outputOf(command: readonly string[], login: LoginAtBackend, timeout: number): Promise<Uint8Array> {
  const [program = '', ...written] = command
  const values = written.map((argument) => filledIn(argument, login))
  const options = { maxBuffer: maxOutputBytes, killSignal: 'SIGKILL', windowsHide: true, timeout } as const
  return new Promise((done, fail) => {
    const child = execFile(program, values, { ...options, encoding: 'buffer' }, (error, stdout) => {
      try {
        if (error !== null) throw missing(login, `the program ${program} failed (${exitOf(error)})`)
        done(firstLine(stdout, `what the program ${program} prints`, login))
      } catch (why) {
        fail(why)
      }
    })
    child.stdin?.on('error', () => {}).end()
  })
}

/** A name that some program could take for an option or a path is not put into its arguments. */
function filledIn(argument: string, login: LoginAtBackend): string {
  return argument.replace(/\{(user|host)\}/g, (_all, name: 'user' | 'host') => {
    if (!/^-|[/\\]|\p{Cc}/u.test(login[name])) return login[name]
    throw missing(login, `a ${name} that begins with -, or has / \\ or control characters, is not given to a program`)
  })
}

function exitOf(error: ExecFileException): string {
  if (kindOf(error) === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `it wrote more than ${maxOutputBytes} bytes`
  if (typeof error.code === 'number') return `exit code ${error.code}`
  return typeof error.signal === 'string' ? error.signal : kindOf(error)
}

function firstLine(content: Buffer, what: string, login: LoginAtBackend): Uint8Array {
  const newline = content.indexOf(0x0a)
  const end = newline < 0 ? content.length : newline
  try {
    return given(content.subarray(0, content[end - 1] === 0x0d ? end - 1 : end), what, login)
  } finally {
    content.fill(0)
  }
}

/** What others give is not trusted to be a password at all; an empty one is their mistake. */
function given(value: unknown, what: string, login: LoginAtBackend): Uint8Array {
  const isBytes = value instanceof Uint8Array
  if (!isBytes && typeof value !== 'string') throw missing(login, `${what} is neither text nor bytes`)
  if (value.length === 0) throw missing(login, `${what} is empty`)
  return usable(isBytes ? new Uint8Array(value) : utf8.encode(value), login)
}

function usable(password: Uint8Array, login: LoginAtBackend): Uint8Array {
  if (password.includes(0)) throw missing(login, "it holds a NUL byte, which MySQL's protocol ends it at")
  return password
}

function missing({ user, host, port }: LoginAtBackend, why: string): ConfigurationError {
  return new ConfigurationError(`no password for '${user}' at ${host}:${port}: ${why}`)
}

/** The message of a foreign error may hold the secret; its code or class does not. */
function kindOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (typeof code === 'string' && /^[A-Z][A-Z\d_]*$/.test(code)) return code
  return error instanceof Error ? error.name : typeof error
}

function isJson(path: string): boolean {
  return /\.json$/i.test(path)
}

function formText(form: string): string {
  return `{ ${form}: ... }`
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && !value.includes('\0')
}

const wellFormed = {
  password: {
    accepts: (value: unknown) => typeof value === 'string' && !value.includes('\0'),
    needs: 'must be text without a NUL',
  },
  file: { accepts: isText, needs: 'must be the path of a file' },
  env: { accepts: isText, needs: 'must be the name of an environment variable' },
  command: {
    accepts: (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(isText),
    needs: "must be a list of a program and its arguments: ['program', '{user}']",
  },
  awsIam: {
    accepts: (value: unknown) =>
      typeof value === 'object' &&
      value !== null &&
      Object.entries(value).every(([key, region]) => key === 'region' && (region === undefined || isText(region))),
    needs: "must be {} or { region: 'eu-west-1' }",
  },
  callback: { accepts: (value: unknown) => typeof value === 'function', needs: 'must be a function' },
} as const satisfies Record<string, { accepts: (value: unknown) => boolean; needs: string }>

const defaultDeadlineMs = 5000
const maxFileBytes = 1 << 20
const maxOutputBytes = 64 << 10
const utf8 = new TextEncoder()
