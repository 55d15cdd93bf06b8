/** What a rule may say: each way has keys that it needs, and keys that would mean nothing there and are refused. */
import { ComparablePeer, compileHostPattern } from '../accounts/host-pattern.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { didYouMean } from '../errors/nearest-name.ts'
import { checkedCredential } from './credentials.ts'
import type { BookedRule } from './rule-book.ts'
import type { BackendLogin, Credential, Route, Rule, Way } from './rules.ts'

/** What the rules of one book share. */
export interface RuleSurroundings {
  /** Of the rules so far; the name of each rule that is checked is added. */
  readonly names: Set<string>
  readonly backends: ReadonlySet<string>
  /** Where paths of credentials start. */
  readonly base: string
}

/** Throws: `ConfigurationError`: number of the rule, key, remedy. */
export function checkedRule(rule: Rule, number: number, { names, backends, base }: RuleSurroundings): BookedRule {
  const place = `rule ${number}`
  keysWithin(rule, place, allKeys)
  for (const key of ['name', 'user', 'host'] as const) textOrNothing(rule[key], `${place}: ${key}`)
  oneOf(rule.way, ways, `${place}: way`)
  const { name, user, host, way } = rule

  if (name === '' || (name !== undefined && names.has(name))) {
    throw new ConfigurationError(`${place}: name '${name}' is ${name === '' ? 'empty' : 'that of an earlier rule'}`)
  }
  if (name !== undefined) names.add(name)
  if (host !== undefined) hostThatMatches(host, place)
  for (const key of keysOfWays) {
    if (rule[key] === undefined || meaningful[way].includes(key) || (key === 'pool' && rule.pool === 'off')) continue
    throw new ConfigurationError(`${place}: ${key} means nothing with way '${way}': ${meaningless[key]}`)
  }
  if (rule.check !== undefined) oneOf(rule.check, ['own', 'backend'], `${place}: check`)
  if (rule.pool !== undefined) oneOf(rule.pool, ['off', 'session', 'transaction'], `${place}: pool`)

  return Object.freeze({
    number,
    way,
    pool: rule.pool ?? (meaningful[way].includes('pool') ? 'session' : 'off'),
    ...(name !== undefined && { name }),
    ...(user !== undefined && { user }),
    ...(host !== undefined && { host }),
    ...(way === 'mapped' && { check: rule.check ?? 'own', as: backendLogin(rule.as, place, base) }),
    ...(way === 'own' && { credentials: ownCredential(rule.credentials, place, base) }),
    ...(rule.to !== undefined && { to: route(rule.to, place, backends) }),
  })
}

function hostThatMatches(host: string, place: string): void {
  const [address = '', mask] = host.split('/', 2)
  // The address that a network is written with is in it, unless it has bits that the mask cuts off.
  if (mask === undefined || compileHostPattern(host).matches(new ComparablePeer({ address, name: undefined }))) return
  throw new ConfigurationError(
    `${place}: host '${host}' matches nobody: a network is written with the bits behind its mask at 0 (10.1.0.0/16), and a mask without gaps`,
  )
}

function ownCredential(credential: unknown, place: string, base: string): Credential {
  if (credential === undefined) {
    throw new ConfigurationError(
      `${place}: way 'own' needs credentials: the passwords of the users at the backend, such as { file: 'passwords.json' }`,
    )
  }
  return checkedCredential(credential, `${place}: credentials`, base)
}

function backendLogin(as: BackendLogin | undefined, place: string, base: string): BackendLogin {
  if (as === undefined) {
    throw new ConfigurationError(
      `${place}: way 'mapped' needs as: whom to be at the backend, such as { user: 'app', credential: { file: 'app.password' } }`,
    )
  }
  keysWithin(as, `${place}: as`, ['user', 'credential'])
  if (typeof as.user !== 'string' || as.user === '' || as.user.includes('\0')) {
    throw new ConfigurationError(`${place}: as.user must be the name of a user of the backend`)
  }
  return Object.freeze({ user: as.user, credential: checkedCredential(as.credential, `${place}: as.credential`, base) })
}

function route(to: Route, place: string, backends: ReadonlySet<string>): Route {
  keysWithin(to, `${place}: to`, ['backend', 'role'])
  const { backend, role } = to
  textOrNothing(backend, `${place}: to.backend`)
  if (backend !== undefined && !backends.has(backend)) {
    const remedy = didYouMean(backend, backends) || `: there is ${[...backends].join(', ') || 'none'}`
    throw new ConfigurationError(`${place}: to.backend: no backend is called '${backend}'${remedy}`)
  }
  if (role !== undefined) oneOf(role, ['primary', 'replica'], `${place}: to.role`)
  return Object.freeze({ ...(backend !== undefined && { backend }), ...(role !== undefined && { role }) })
}

function keysWithin(value: object, place: string, known: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigurationError(`${place} must be an object with ${known.join(', ')}`)
  }
  const unknown = Object.keys(value).find((key) => !known.includes(key))
  if (unknown === undefined) return
  const remedy = didYouMean(unknown, known) || `: known are ${known.join(', ')}`
  throw new ConfigurationError(`${place}: unknown key '${unknown}'${remedy}`)
}

function textOrNothing(value: unknown, place: string): void {
  if (value !== undefined && typeof value !== 'string') throw new ConfigurationError(`${place} must be text`)
}

function oneOf(value: unknown, choices: readonly string[], place: string): void {
  if (choices.includes(value as string)) return
  if (value === undefined) throw new ConfigurationError(`${place} is missing: write one of ${choices.join(', ')}`)
  const remedy = typeof value === 'string' ? didYouMean(value, choices) : ''
  throw new ConfigurationError(`${place} must be one of ${choices.join(', ')}${remedy}`)
}

const ways: readonly Way[] = ['relay', 'own', 'backend', 'mapped', 'refuse']

const meaningful: Readonly<Record<Way, readonly (typeof keysOfWays)[number][]>> = {
  relay: ['to'],
  own: ['credentials', 'to', 'pool'],
  backend: ['to', 'pool'],
  mapped: ['check', 'as', 'to', 'pool'],
  refuse: [],
}

const keysOfWays = ['check', 'credentials', 'as', 'to', 'pool'] as const

const meaningless: Readonly<Record<(typeof keysOfWays)[number], string>> = {
  check: "who judges is only asked with way 'mapped'",
  credentials: "with way 'own' each user has a credential; with 'mapped' it stands in as",
  as: "only way 'mapped' logs in as somebody else",
  to: 'nobody gets to a backend',
  pool: 'nothing is shared',
}

const allKeys = ['name', 'user', 'host', 'way', ...keysOfWays]
