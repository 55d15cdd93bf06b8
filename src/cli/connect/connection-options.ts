/**
 * How to connect, from all who have a say in it. As in MySQL's programs, each overrules the ones before: environment, option
 * files, login path, URI, command line.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/program-options.html
 */
import { readFileSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { awsIamToken, rdsRegion } from '../../client/aws-iam.ts'
import { awsCredentials } from '../../client/aws-iam-credentials.ts'
import { connectOptionsOf, lastSaid, type NamedSetting, tlsModeOf, tlsModes } from '../../client/named-options.ts'
import { GivenValue, type ReadFile } from '../../client/named-values.ts'
import type { ConnectOptions } from '../../client/options.ts'
import { looksLikeUri, uriSettings } from '../../client/uri.ts'
import { ConfigurationError } from '../../errors/errors.ts'
import { didYouMean } from '../../errors/nearest-name.ts'
import { settingsGiven } from './connection-options-argv.ts'
import { optionMeant } from './connection-options-names.ts'
import { type Ranked, takeRoute } from './connection-options-route.ts'
import { choosesFiles, commandLineOptions } from './connection-options-table.ts'
import { readLoginPath } from './login-path.ts'
import { type FileOption, isOwnGroup, readOptionFiles, type Surroundings } from './option-files.ts'
import { openPrompt, type Prompt } from './password-prompt.ts'

export interface ConnectionChoice {
  readonly connect: ConnectOptions
  /** Statements to run after each login, in this order. */
  readonly initCommands: readonly string[]
  /** For stderr. */
  readonly warnings: readonly string[]
}

/** What is asked of the process and the machine. */
export interface World extends Surroundings {
  /** Who runs this program. */
  readonly user: string
  /** Where MySQL servers put their unix sockets; the first that is there is taken. */
  readonly sockets: readonly string[]
  readonly readFile: ReadFile
  openPrompt(): Prompt
  /** Takes the arguments out of the process list. */
  hideArguments(): void
}

/**
 * Collects what a connection needs; asks for passwords that were announced and not given.
 *
 * `given` is what commander's `opts()` returns after `addConnectionOptions`; `target` is a URI or, as for the mysql client, the
 * name of a database.
 * Rejects: `ConfigurationError` that names the option and where it stands, never a password.
 */
export async function connectionOptions(
  given: Readonly<Record<string, unknown>>,
  target: string | undefined,
  world: World = thisProcess(),
): Promise<ConnectionChoice> {
  const choice = fileChoice(given)
  const files = readOptionFiles(choice, world)
  const logins = readLoginPath(choice, world)
  const uri = target !== undefined && looksLikeUri(target) ? uriSettings(target) : []
  const line = settingsGiven(given).map(([name, value]) => ({ name, value, origin: 'the command line' }))
  if (target !== undefined && !looksLikeUri(target)) {
    line.push({ name: 'database', value: target, origin: 'the command line' })
  }
  const before = [...environment(world.env), ...[...files.options, ...logins.options].flatMap(fileSetting)]
  refuseWeakening(lastSaid(before), lastSaid(uri), lastSaid(line))

  const visible = [...uri, ...line].some(({ name, value }) => /^password|^ssl-passphrase/.test(name) && value)
  if (visible) world.hideArguments()
  const explicit = [...uri, ...line].map((setting) => ({ ...setting, rank: line.includes(setting) ? 2 : 1 }))
  const settings: Ranked[] = [
    { name: 'user', value: world.user, origin: 'the operating system', rank: 0 },
    ...before.map((setting) => ({ ...setting, rank: 0 })),
    ...explicit,
  ]
  const said = lastSaid(settings.filter(({ name }) => !name.startsWith('init-command')))
  takeRoute(said, world.sockets)
  await askPasswords(said, world)
  const region = said.get('aws-iam-region')
  said.delete('aws-iam-region')
  const connect = connectOptionsOf(said.values(), world.readFile)
  return {
    connect: {
      ...connect,
      ...(region && iamLogin(region, connect, world)),
      prompt: ({ ask, echo }) =>
        atPrompt(world, (prompt) => prompt.ask(`${ask.trimEnd()} `, echo ? 'shown' : 'hidden')),
    },
    initCommands: initCommands(settings),
    warnings: [...files.warnings, ...logins.warnings, ...(visible ? [passwordWarning] : [])],
  }
}

export function thisProcess(): World {
  const home = homedir()
  return {
    env: process.env,
    home,
    user: userName(),
    sockets: ['/var/run/mysqld/mysqld.sock', '/tmp/mysql.sock', '/var/lib/mysql/mysql.sock'],
    readFile: (path) => readFileSync(path.replace(/^~(?=\/)/, home)),
    openPrompt: () => openPrompt('MYSQL_PWD, ~/.my.cnf or mysql_config_editor'),
    // Node overwrites the arguments by the title, as mysql overwrites its password.
    hideArguments: () => {
      process.title = 'saltgate'
    },
  }
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return process.env.USER ?? ''
  }
}

function fileChoice(given: Readonly<Record<string, unknown>>) {
  const text = (name: string) => (typeof given[name] === 'string' ? { [name]: given[name] } : {})
  return {
    ...text('defaultsFile'),
    ...text('defaultsExtraFile'),
    ...text('defaultsGroupSuffix'),
    ...text('loginPath'),
    // commander's way to say --no-...
    noDefaults: given.defaults === false,
    noLoginPaths: given.loginPaths === false,
  }
}

/** Spec: https://dev.mysql.com/doc/refman/9.7/en/environment-variables.html */
function environment(env: World['env']): NamedSetting[] {
  const variables = { MYSQL_HOST: 'host', MYSQL_TCP_PORT: 'port', MYSQL_UNIX_PORT: 'socket', MYSQL_PWD: 'password' }
  return Object.entries(variables).flatMap(([variable, name]) => {
    const value = env[variable]
    return value ? [{ name, value, origin: variable }] : []
  })
}

/** Groups that other programs read hold options that only they know; a mistake in our own group must not go unseen. */
function fileSetting({ group, name, value, origin }: FileOption): NamedSetting[] {
  const meant = optionMeant(name, value)
  if (meant.known && !choosesFiles.has(meant.name)) return [{ name: meant.name, value: meant.value, origin }]
  if (!isOwnGroup(group) || (!meant.known && meant.loose)) return []
  const known = [...commandLineOptions.keys()].filter((other) => !choosesFiles.has(other))
  throw new ConfigurationError(`${origin}: unknown option '${name}' in [${group}]${didYouMean(meant.name, known)}`)
}

/** A URI may come from elsewhere than the option files: it does not undo what they demand. */
function refuseWeakening(
  before: ReadonlyMap<string, NamedSetting>,
  uri: ReadonlyMap<string, NamedSetting>,
  line: ReadonlyMap<string, NamedSetting>,
): void {
  const refuse = (name: string, demanding: NamedSetting | undefined) => {
    throw new ConfigurationError(
      `the URI's ${name} is weaker than what ${demanding?.origin} demands: say --${name} to have it so`,
    )
  }
  const [demanded, wanted] = [tlsModeOf(before), tlsModeOf(uri)]
  if (demanded && wanted && !tlsModeOf(line) && tlsModes.indexOf(wanted) < tlsModes.indexOf(demanded)) {
    refuse('ssl-mode', before.get('ssl-mode') ?? before.get('ssl-verify-server-cert') ?? before.get('ssl'))
  }
  for (const name of ['enable-cleartext-plugin', 'get-server-public-key']) {
    const [said, asked] = [before.get(name), uri.get(name)]
    if (said && asked && !line.has(name) && !new GivenValue(said).flag && new GivenValue(asked).flag) refuse(name, said)
  }
}

async function askPasswords(said: Map<string, Ranked>, world: World): Promise<void> {
  const unknown = ['password', 'password2', 'password3']
    .flatMap((name) => said.get(name) ?? [])
    .filter(({ value }) => value === undefined)
  if (unknown.length === 0) return
  await atPrompt(world, async (prompt) => {
    for (const setting of unknown) {
      const factor = setting.name.slice('password'.length)
      const value = await prompt.ask(factor === '' ? 'Enter password: ' : `Enter password of factor ${factor}: `)
      said.set(setting.name, { ...setting, value })
    }
  })
}

async function atPrompt<T>(world: World, ask: (prompt: Prompt) => Promise<T>): Promise<T> {
  const prompt = world.openPrompt()
  try {
    return await ask(prompt)
  } finally {
    prompt.close()
  }
}

function initCommands(settings: readonly NamedSetting[]): readonly string[] {
  let commands: string[] = []
  for (const { name, value, origin } of settings) {
    if (name !== 'init-command' && name !== 'init-command-add') continue
    if (value === undefined) throw new ConfigurationError(`${origin}: ${name} needs a value`)
    if (name === 'init-command') commands = []
    commands.push(value)
  }
  return commands
}

/** The token takes the place of the password, and is good for nothing but this login, so its plugin needs no permission. */
function iamLogin(
  region: NamedSetting,
  { socketPath, host = 'localhost' }: ConnectOptions,
  world: World,
): ConnectOptions {
  if (socketPath !== undefined)
    throw new ConfigurationError('an IAM token needs the host name of the RDS endpoint (-h)')
  const name = region.value || rdsRegion(host) || world.env.AWS_REGION || world.env.AWS_DEFAULT_REGION
  return {
    enableCleartextPlugin: true,
    password: (login) =>
      awsIamToken({
        ...login,
        ...(name && { region: name }),
        credentials: () => awsCredentials(world.env, world.home),
      }),
  }
}

const passwordWarning = 'Using a password on the command line interface can be insecure.'
