/**
 * Where a command gets a password from: stdin, the environment, a generator, or a person. Never from its arguments, which
 * every user of the machine can read in the process list, and which the shell keeps.
 */
import type { Identification } from '../../console/account-sql/statements.ts'
import { ConfigurationError } from '../../errors/errors.ts'
import { openPrompt } from '../connect/password-prompt.ts'
import { readAll } from './read-all.ts'

export interface PasswordOptions {
  readonly passwordStdin?: true
  readonly passwordEnv?: string
  readonly random?: true
  /** commander's name for --no-password: `false` when it is given. */
  readonly password?: boolean
}

/** Throws: `ConfigurationError` always; the value is not repeated. */
export function refusePasswordArgument(): never {
  throw new ConfigurationError(
    'a password is not taken from the command line, where everybody on this machine can read it: use --password-stdin, --password-env VARIABLE, --random, or let the command ask',
  )
}

/** Whether any of the options says where the password comes from. */
export function namesSource(options: PasswordOptions): boolean {
  return sources(options).length > 0
}

/**
 * Obtains the password that the options name, as the IDENTIFIED clause of a statement; asks for it when they name none.
 *
 * Throws: `ConfigurationError` for contradicting options, an empty source, or when there is nobody to ask.
 */
export async function passwordFrom(
  options: PasswordOptions,
  account: string,
): Promise<Extract<Identification, { by: 'password' | 'random-password' }>> {
  const named = sources(options)
  if (named.length > 1) throw new ConfigurationError(`${named.join(' and ')} contradict each other: give one`)
  if (options.random) return { by: 'random-password', retain: false }
  if (options.password === false) return { by: 'password', password: '', retain: false }
  const password = await passwordText(options, account)
  if (password === '') throw new ConfigurationError('the password is empty: --no-password makes an account without one')
  if (/[\0\n\r]/.test(password)) {
    throw new ConfigurationError('the password holds a line break or a NUL: only the first line may have text')
  }
  return { by: 'password', password, retain: false }
}

function sources(options: PasswordOptions): readonly string[] {
  return [
    options.passwordStdin ? ['--password-stdin'] : [],
    options.passwordEnv !== undefined ? ['--password-env'] : [],
    options.random ? ['--random'] : [],
    options.password === false ? ['--no-password'] : [],
  ].flat()
}

async function passwordText({ passwordStdin, passwordEnv }: PasswordOptions, account: string): Promise<string> {
  if (passwordStdin) return (await readAll(process.stdin, 'stdin', MAX_PASSWORD)).replace(/\r?\n$/, '')
  if (passwordEnv !== undefined) {
    const password = process.env[passwordEnv]
    if (password === undefined) throw new ConfigurationError(`--password-env ${passwordEnv}: there is no such variable`)
    return password
  }
  if (!process.stdin.isTTY) {
    throw new ConfigurationError(`there is no terminal to ask for the password: use ${otherSources}`)
  }
  return askTwice(account)
}

async function askTwice(account: string): Promise<string> {
  const prompt = openPrompt(otherSources)
  try {
    const password = await prompt.ask(`New password of ${account}: `)
    if ((await prompt.ask('Once more: ')) !== password) throw new ConfigurationError('the two passwords differ')
    return password
  } finally {
    prompt.close()
  }
}

const otherSources = '--password-stdin, --password-env VARIABLE, --random or --no-password'

/** Bytes; no plugin takes a longer one. */
const MAX_PASSWORD = 1024
