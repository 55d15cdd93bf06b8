/** Tests the answers of a login with a password that the reader of a capture knows: which hold, and what is wrong about the others. */
import { explainProof, explainSecret, type NearProof, type OtherNonce, sayNearProof } from '../../auth/near-proof.ts'
import type { Observation, SeenExchange } from '../observation.ts'
import { isControlByte } from './secret-places.ts'

export interface TestedProofs {
  /** For the findings: of each exchange that the server judged and whose answer could be explained. */
  readonly proofs: readonly NearProof[]
  /** Whether each exchange that the server judged is among them. */
  readonly complete: boolean
  /** By exchange, for the report: `right`, or what is wrong; `undefined` where nothing could be tested. */
  readonly said: readonly (string | undefined)[]
}

/** Costs up to some thousand hashes for each exchange. The password is not wiped. */
export function testProofs(seen: Observation, password: Uint8Array): TestedProofs {
  const tested = seen.exchanges.map((exchange) => {
    const near = testable(exchange) ? explained(seen, exchange, password) : 'untested'
    if (near === 'untested') return { near: undefined, said: undefined }
    return { near, said: near === undefined ? 'no form of the password explains it' : sayProof(near) }
  })
  // What was switched away was never judged.
  const judged = tested.filter((_, i) => seen.exchanges[i + 1]?.by !== 'switch')
  const proofs = judged.flatMap(({ near }) => near ?? [])
  return { proofs, complete: proofs.length === judged.length, said: tested.map(({ said }) => said) }
}

/** Signatures and tokens are not tested; nor is a first answer that only asks for the key. */
function testable({ plugin, answers }: SeenExchange): boolean {
  const [first] = answers
  return (
    first !== undefined && first.length > 0 && testedPlugins.has(plugin) && !(isControlByte(first) && first[0] !== 0)
  )
}

const testedPlugins = new Set([
  'mysql_native_password',
  'caching_sha2_password',
  'sha256_password',
  'mysql_clear_password',
  'dialog',
])

function explained(seen: Observation, exchange: SeenExchange, password: Uint8Array): NearProof | undefined {
  const { plugin, nonce, answers } = exchange
  const [answer = new Uint8Array(0), ...later] = answers
  const user = userOf(seen)
  const otherNonces = seen.exchanges.flatMap((other): OtherNonce[] =>
    other === exchange || other.nonce.length !== 20 ? [] : [{ of: nonceOf(other), nonce: other.nonce }],
  )
  // A copy: candidates are wiped after use, and the right password is one of them.
  const verifier = { kind: 'password', password: new Uint8Array(password) } as const
  const near = explainProof({ plugin, answer, nonce, otherNonces, user }, verifier)
  // A full authentication in clear shows more than the scramble before it.
  const clear = later.find((sent) => sent.length > 1 && sent.length < shortestSealed)
  if (near !== undefined || clear === undefined) return near
  return explainSecret(clear, new Uint8Array(password), { form: 'clear', nonce, otherNonces, user })
}

/** Bytes of the text that the smallest RSA key in use makes. */
const shortestSealed = 128

function nonceOf({ by }: SeenExchange): OtherNonce['of'] {
  return by === 'login' ? 'greeting' : by === 'change-user' ? 'change-user' : 'switch'
}

function userOf({ packets, login }: Observation): string {
  const change = packets.findLast(({ kind, fields }) => kind === 'COM_CHANGE_USER' && fields !== undefined)
  const user = (change?.fields?.user ?? login?.user) as Uint8Array | undefined
  return user === undefined ? '' : Buffer.from(user).toString()
}

function sayProof(near: NearProof): string {
  const right = near.nonce === 'right' && near.password === 'right' && near.algorithm === 'right'
  return right ? 'right' : sayNearProof(near)
}
