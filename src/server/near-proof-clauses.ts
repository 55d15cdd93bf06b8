/**
 * What is to be said of a proof that did not hold: the battery of `auth/near-proof.ts` on the scramble; then the other rows of the same
 * user name; then, of a password that was sent, whether a few repaired forms of it match the stored crypt. No candidate leaves this
 * file, and each is wiped. For users that do not exist the same is done, and takes as long: whoever measures how busy the door is
 * learns neither which names exist nor that a guess was near.
 */
import { type Account, accountName } from '../accounts/account.ts'
import { listedAccounts } from '../accounts/source.ts'
import { verifyFastDigest } from '../auth/caching-sha2-password.ts'
import { verifyNativePassword } from '../auth/mysql-native-password.ts'
import {
  deviations,
  explainProof,
  type GivenProof,
  type NearProof,
  sayNearProof,
  type Verifier,
} from '../auth/near-proof.ts'
import { readingsOf, type SecretSurroundings } from '../auth/near-proof-readings.ts'
import { plainMistake, repairsOf } from '../auth/near-proof-repairs.ts'
import { wipe } from '../auth/primitives.ts'
import { parseStoredCrypt } from '../auth/sha256-crypt.ts'
import { isOwnCredential } from '../machine/exchanges.ts'
import type { Attempt } from '../machine/server-states.ts'
import type { Realm } from './realm.ts'
import type { ShownProof } from './shown-proof.ts'

/** What is wrong with a proof. */
export interface Explained {
  /** In words, without a secret. */
  readonly clause: string
  /** `undefined`: it was right, for another row. */
  readonly near: NearProof | undefined
}

/** `undefined`: nothing that was tried explains it. Throws (as a rejection): `CheckRefused`. */
export async function clauseOf(
  shown: ShownProof,
  outcome: 'admitted' | 'refused',
  greetingNonce: Uint8Array,
): Promise<Explained | undefined> {
  const { attempt, realm, answers } = shown
  const [answer] = answers
  if (attempt === undefined || realm === undefined || answer === undefined) return undefined
  const { login, nonce, plugin, authStrings } = attempt
  const given: GivenProof = {
    plugin: plugin.name,
    answer,
    nonce,
    otherNonces: [{ of: 'greeting', nonce: greetingNonce }],
    user: login.user,
    stored: authStrings[0],
  }
  const near = explainScramble(realm, attempt, given)
  if (near !== undefined || outcome === 'admitted') return near
  const row = otherRows(realm, attempt).find((other) => isScrambleOf(realm, given, other))
  if (row !== undefined) return sayRow(row, attempt)
  return plugin.secrets === 'never-sent' ? undefined : clauseOfSecret(realm, shown, attempt, given)
}

function explainScramble(realm: Realm, attempt: Attempt, given: GivenProof): Explained | undefined {
  if (given.answer.length < 2) return undefined
  for (const verifier of verifiersOf(realm, attempt)) {
    const near = explainProof(given, verifier)
    if (near !== undefined && deviations(near) > 0) return explained(near)
  }
  return undefined
}

/** Of the credentials that the exchange was about. Where nothing is remembered, something to take as long. */
function verifiersOf(realm: Realm, attempt: Attempt): readonly Verifier[] {
  const { candidate, plugin, authStrings } = attempt
  const known = authStrings.flatMap((stored): Verifier[] => {
    if (stored === '') return [{ kind: 'password', password: new Uint8Array(0) }]
    return /^\*[\dA-Fa-f]{40}$/.test(stored) ? [{ kind: 'native', twice: Buffer.from(stored.slice(1), 'hex') }] : []
  })
  if (plugin.name !== 'caching_sha2_password' || known.length > 0) return known
  const digests = candidate.decoy || !isOwnCredential(attempt) ? [] : realm.fastDigests.of(candidate.account)
  const remembered = digests.filter(({ length }) => length === 32)
  return (remembered.length > 0 ? remembered : [new Uint8Array(32)]).map((twice) => ({ kind: 'sha2', twice }))
}

function isScrambleOf(realm: Realm, { plugin, answer, nonce }: GivenProof, row: Account): boolean {
  if (row.plugin !== plugin) return false
  if (plugin === 'mysql_native_password') return verifyNativePassword(answer, nonce, row.authString)
  return (
    plugin === 'caching_sha2_password' &&
    realm.fastDigests.of(row).some((twice) => verifyFastDigest(answer, nonce, twice))
  )
}

/** Of a password that was sent. */
async function clauseOfSecret(
  realm: Realm,
  shown: ShownProof,
  attempt: Attempt,
  given: GivenProof,
): Promise<Explained | undefined> {
  const received = shown.answers.at(-1)
  // Who judges passwords by their own means is asked once a login.
  if (received === undefined || received.length === 0 || realm.accounts.checkPassword !== undefined) return undefined
  const { nonce, otherNonces, user, stored } = given
  if (shown.secretForm !== 'sealed') {
    const around = { form: 'clear', nonce, otherNonces, user, stored } as const
    return await clauseOfText(realm, attempt, received, around, shown.secretForm === undefined)
  }
  const opened = await realm.secrets.open(Uint8Array.from(received), source)
  if (opened === undefined) return undefined
  try {
    return await clauseOfText(realm, attempt, opened, { form: 'opened', nonce, otherNonces, user, stored }, false)
  } finally {
    wipe(opened)
  }
}

/** `unasked`: in clear, where the server takes nothing in clear. */
async function clauseOfText(
  realm: Realm,
  attempt: Attempt,
  received: Uint8Array,
  around: SecretSurroundings,
  unasked: boolean,
): Promise<Explained | undefined> {
  const { authStrings } = attempt
  const [reading] = readingsOf(received, around)
  if (reading === undefined) return undefined
  let row: Account | undefined
  try {
    if (unasked) {
      const near = { nonce: 'right', password: 'right', algorithm: 'clear' }
      return (await matching(realm, authStrings, reading.text)) === undefined ? undefined : explained(near)
    }
    const mistake = plainMistake(received, around)
    if (mistake !== undefined) return explained(mistake)
    row = await rowOfPassword(realm, attempt, reading.text)
  } finally {
    wipe(reading.text)
  }
  const repairs = repairsOf(received, around)
  const found: NearProof[] = []
  try {
    // All of them, even behind one that matches: how long it takes must not tell that a guess was near.
    for (const { near, password } of repairs.slice(0, mostRepairs)) {
      if ((await matching(realm, authStrings, password)) !== undefined) found.push(near)
    }
  } finally {
    wipe(...repairs.map(({ password }) => password))
  }
  if (row !== undefined) return sayRow(row, attempt)
  return found[0] && explained(found[0])
}

/** In one go, and always of as many rows: how long it takes must not tell which names exist. */
async function rowOfPassword(realm: Realm, attempt: Attempt, password: Uint8Array): Promise<Account | undefined> {
  const rows = otherRows(realm, attempt).filter(({ authString }) => parseStoredCrypt(authString) !== undefined)
  const [own = ''] = attempt.authStrings
  const tried = Array.from({ length: mostRows }, (_, i) => rows[i]?.authString ?? own)
  const index = await matching(realm, tried, password)
  return index === undefined ? undefined : rows[index]
}

/** The index of the stored crypt that the password matches. */
async function matching(
  realm: Realm,
  authStrings: readonly string[],
  password: Uint8Array,
): Promise<number | undefined> {
  const secret = Uint8Array.of(...password, 0)
  const checked = await realm.secrets.check({ authStrings, secret, form: 'clear', nonce: new Uint8Array(0), source })
  return checked.outcome === 'match' ? checked.credential : undefined
}

/** Rows that the login might have been meant for: of its user name, and not chosen. The most specific first. */
function otherRows({ accounts }: Realm, { login, candidate }: Attempt): readonly Account[] {
  const all = listedAccounts(accounts) ?? []
  const { user, host } = candidate.account
  const chosen = (row: Account) => !candidate.decoy && row.user === user && row.host === host
  return all.filter((row) => row.user === login.user && row.authString !== '' && !chosen(row)).slice(0, mostRows)
}

function explained(near: NearProof): Explained {
  return { clause: sayNearProof(near), near }
}

function sayRow(row: Account, { candidate }: Attempt): Explained {
  const why = candidate.decoy ? 'that row is not for this host' : `the row chosen was ${accountName(candidate.account)}`
  return { clause: `right password for ${accountName(row)}, but ${why}`, near: undefined }
}

/** As the worker shares out its time: all of this together waits like one client. */
const source = 'near-proofs'

/** Crypts of one login: 12 together. */
const mostRows = 4
const mostRepairs = 8
