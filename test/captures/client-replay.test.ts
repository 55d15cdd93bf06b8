/**
 * Our client against every server that was captured in clear: given the user, password and capabilities of the real
 * client, it must send the proofs that a correct client sent: scrambles byte for byte, sealed passwords after opening.
 * Where the real client did something else, the table says what, and nothing else may differ.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clientPlugins } from '../../src/auth/plugins.ts'
import { ClientHandshake } from '../../src/machine/client-handshake.ts'
import { decodeAuthSwitchRequest } from '../../src/packets/auth-switch-request.ts'
import { capability, has } from '../../src/packets/capabilities.ts'
import { decodeHandshakeResponse41 } from '../../src/packets/handshake-response-41.ts'
import { decodeHandshakeV10 } from '../../src/packets/handshake-v10.ts'
import { latin1 } from '../../src/wire/reader.ts'
import { type Capture, captures, packetsOf, privateKeyOf } from '../support/captures.ts'
import { clientOptions, inWords as packetInWords, type SentPacket } from '../support/pair.ts'
import { publicKeyOf, unseal } from '../support/world.ts'

/** What the real client sent instead of what we send, why, and in which captures. */
const purposes: Readonly<Record<string, { readonly why: string; readonly in: readonly string[] }>> = {
  'reply (32 bytes) -> reply (32 bytes)': {
    why: 'go-sql-driver 1.5 and PyMySQL 1.1 hash the NUL behind the nonce of an auth switch, too; the probe says 32 times "x"',
    in: ['ma118-sha2-full-rsa-go', 'ma118-sha2-full-rsa-pymysql111', 'my97-badseq-1156-raw'],
  },
  'reply (1 bytes) -> reply (0 bytes)': {
    why: 'libmysqlclient says "no password" with a NUL, most others with nothing; servers take both',
    in: [
      'my97-sha2-empty-mysql97',
      'my97-sha2-nonempty-given-empty-mysql97',
      'my97-sha256-empty-mysql97',
      'my97-socket-ok-mysql97',
      'my97-socket-tcp-mysql97',
    ],
  },
  'reply (0 bytes) -> reply (1 bytes)': {
    why: 'PyMySQL says "no password" with nothing to sha256_password, others with a NUL; servers take both',
    in: ['my97-sha256-empty-pymysql102', 'my97-sha256-empty-pymysql120'],
  },
  'reply (0 bytes) -> reply (64 bytes)': {
    why: 'the npm client mariadb answers client_ed25519 with nothing where there is no password; MariaDB signs with the key of the empty one',
    in: ['ma1011-ed25519-empty-mariadb', 'ma118-ed25519-empty-mariadb'],
  },
  'key request (01) -> reply (1 bytes)': {
    why: 'mysqlnd asks for the key even without a password, and is refused for that',
    in: ['my97-sha256-empty-php'],
  },
  'reply (8 bytes) -> key request (02)': {
    why: 'mysql-connector-python 26.7 sends the password in clear over a plain channel',
    in: ['ma118-sha2-full-rsa-mc267', 'my97-sha2-full-cleartext-mc267'],
  },
  'reply (5 bytes) -> key request (02)': { why: 'the same', in: ['my97-unknown-user-mc267'] },
}

const logins = captures.filter(({ tls, flow }) => !tls && flow.some((step) => step.startsWith('response')))

describe('the client, given the server of a capture, proves what a correct client proved', () => {
  const proofs = {
    'ed25519 signature': 0,
    'parsec signature': 0,
    'native scramble': 0,
    'fast scramble': 0,
    'sealed password': 0,
    'no password': 0,
    'key request': 0,
  }
  const found = new Map<string, string[]>(Object.keys(purposes).map((difference) => [difference, []]))

  for (const capture of logins) {
    it(capture.name, () => {
      for (const [theirs, ours, nonce] of answersOf(capture)) {
        if (same(theirs, ours, nonce, capture)) {
          proofs[kindOf(ours)]++
          continue
        }
        const difference = `${inWords(theirs)} -> ${inWords(ours)}`
        assert.ok(found.has(difference), difference)
        found.get(difference)!.push(capture.name)
      }
    })
  }

  it('and differs in exactly these captures', () => {
    for (const [difference, purpose] of Object.entries(purposes)) {
      assert.deepEqual(found.get(difference)?.toSorted(), purpose.in.toSorted(), purpose.why)
    }
  })

  it('and leaves none out', () => {
    assert.equal(logins.length, 285)
    assert.deepEqual(proofs, {
      'ed25519 signature': 22,
      'parsec signature': 9,
      'native scramble': 122,
      'fast scramble': 138,
      'sealed password': 68,
      'no password': 40,
      'key request': 70,
    })
  })
})

type Answer = readonly [theirs: Uint8Array, ours: Uint8Array, nonce: Uint8Array]

/** What both clients answered to the server, one pair for each of its questions until the first OK or ERR. */
function answersOf(capture: Capture): Answer[] {
  const packets = packetsOf(capture)
  const greeting = decodeHandshakeV10(packets[0]!.payload)
  const loginAt = packets.findIndex(({ from }) => from === 'client')
  let login: ReturnType<typeof decodeHandshakeResponse41>
  try {
    login = decodeHandshakeResponse41(packets[loginAt]!.payload)
  } catch {
    return []
  }
  const client = new ClientHandshake(
    clientOptions({
      user: latin1(login.user),
      password: passwordOf(capture),
      ...(capture.name.includes('localkey') && { serverPublicKey: publicKeyOf(privateKeyOf(capture)!) }),
      capabilities: login.capabilities,
      random: () => clientNonceOf(packets),
      ...(login.database !== undefined && { database: latin1(login.database) }),
      ...(login.connectAttributes !== undefined && { connectAttributes: login.connectAttributes }),
    }),
    'plaintext',
  )
  client.step({ is: 'packet', payload: packets[0]!.payload, sequenceId: packets[0]!.sequenceId })
  let nonce = greeting.authPluginData.slice(0, 20)
  const answers: Answer[] = []
  const sent = client.take().find((effect) => effect.do === 'send')
  assert.ok(sent?.do === 'send')
  const ours = decodeHandshakeResponse41(sent.payload)
  const [named, greets] = [login.authPluginName ?? 'mysql_native_password', greeting.authPluginName]
  // A client that begins with another plugin than the greeting's is compared from the switch on.
  if (named === greets && has(login.capabilities, capability.PLUGIN_AUTH))
    answers.push([login.authAnswer, ours.authAnswer, nonce])

  for (let at = loginAt + 1; at < packets.length && client.state.at === 'await-verdict'; at++) {
    const packet = packets[at] as SentPacket
    if (packet.from === 'client') continue
    if (packet.payload[0] === 0xfe) {
      const asked = decodeAuthSwitchRequest(packet.payload)
      if (!clientPlugins.has(asked.authPluginName)) break
      nonce = asked.authPluginData.slice(0, 20)
    }
    client.step({ is: 'packet', payload: packet.payload, sequenceId: packet.sequenceId })
    const reply = client.take().find((effect) => effect.do === 'send')
    const next = packets[at + 1]
    if (reply?.do !== 'send') continue
    if (next?.from !== 'client') break
    // A copy: what holds a password is wiped when the dialogue is over.
    answers.push([next.payload, Uint8Array.from(reply.payload), nonce])
    if (next.payload.length !== reply.payload.length) break
  }
  return answers
}

/** The real client's own nonce, which a parsec proof begins with: with it, ours must be the same signature. */
function clientNonceOf(packets: readonly SentPacket[]): Uint8Array {
  const proof = packets.find(({ from, payload }) => from === 'client' && payload.length === 96)
  return proof?.payload.slice(0, 32) ?? new Uint8Array(32)
}

function same(theirs: Uint8Array, ours: Uint8Array, nonce: Uint8Array, capture: Capture): boolean {
  if (Buffer.compare(theirs, ours) === 0) return true
  const key = privateKeyOf(capture)
  if (theirs.length !== 256 || ours.length !== 256 || key === undefined) return false
  const [left, right] = [unseal(theirs, nonce, key), unseal(ours, nonce, key)]
  return left !== undefined && right !== undefined && Buffer.compare(left, right) === 0
}

function kindOf({ length }: Uint8Array) {
  switch (length) {
    case 20:
      return 'native scramble'
    case 32:
      return 'fast scramble'
    case 256:
      return 'sealed password'
    case 64:
      return 'ed25519 signature'
    case 96:
      return 'parsec signature'
    case 1:
      return 'key request'
    default:
      return 'no password'
  }
}

function inWords(payload: Uint8Array): string {
  return packetInWords({ from: 'client', payload }, ['response'])
}

/** Captures with several passwords, or made by hand, do not say the first one in the index. */
function passwordOf({ name, account, password }: Capture): string {
  if (name.includes('wrong1')) return 'bad'
  if (account.startsWith('mfa') && password === '') return 'pw-mfa'
  return name.endsWith('-raw') ? `pw-${account}` : (password ?? '')
}
