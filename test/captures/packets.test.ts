/**
 * Every packet that real servers and clients sent in clear during their connection phases: it decodes to what the
 * capture's index says and encodes to the same bytes again.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { MalformedPacket } from '../../src/errors/errors.ts'
import { type Codec, codecs, type HandshakeResponse41, type HandshakeV10 } from '../../src/packets/index.ts'
import { FrameReader } from '../../src/wire/framer.ts'
import { type Conversation, readPcap } from '../support/pcap.ts'

interface Capture {
  readonly name: string
  readonly file: string
  readonly flow: readonly string[]
  readonly clientCapabilities: string | null
  readonly clientCharset: number | null
}

interface SeenPacket {
  readonly from: 'client' | 'server'
  readonly payload: Uint8Array
}

const folder = new URL('../vectors/captures/', import.meta.url)
const captures = JSON.parse(readFileSync(new URL('index.json', folder), 'utf8')) as Capture[]
/** How many of each kind the captures hold. */
const PACKETS = {
  HandshakeV10: 331,
  SslRequest: 43,
  HandshakeResponse41: 285,
  AuthSwitchRequest: 125,
  AuthMoreData: 212,
  AuthNextFactor: 8,
  'opaque answer': 266,
  Ok: 173,
  Err: 146,
  ComChangeUser: 18,
  ComQuery: 8,
  COM_RESET_CONNECTION: 3,
  'malformed on purpose': 1,
}
const seen = new Map<string, number>()

describe('packets of real connection phases', () => {
  for (const capture of captures) {
    it(capture.name, () => walk(capture))
  }

  it('leaves no capture and no packet out', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.pcap'))
    assert.equal(files.length, 343)
    assert.deepEqual(captures.map((capture) => capture.file).sort(), files.sort())
    assert.deepEqual(Object.fromEntries(seen), PACKETS)
  })
})

function walk(capture: Capture): void {
  const [conversation] = readPcap(readFileSync(new URL(capture.file, folder)))
  assert.ok(conversation)
  const packets = framesOf(conversation)
  let capabilities = 0
  let greeting: HandshakeV10 | undefined

  for (const step of capture.flow) {
    const [, name = step, plugin, length] = /^(\w[^(]*?)(?: \((.*?)(?:, (\d+) bytes.*)?\))?$/.exec(step) ?? []
    if (name === 'then compressed framing') return
    if (name === 'COM_CHANGE_USER' || name === 'COM_RESET_CONNECTION' || name.startsWith('QUERY')) {
      const byte = name === 'COM_CHANGE_USER' ? 0x11 : name === 'COM_RESET_CONNECTION' ? 0x1f : 0x03
      const isStep = ({ from, payload }: SeenPacket) => from === 'client' && payload[0] === byte
      packets.splice(0, packets.findIndex(isStep))
    }
    const packet = packets.shift()
    assert.ok(packet, `${step} is not there`)

    if (name === 'greeting') {
      greeting = same('HandshakeV10', packet, 'server') as HandshakeV10
      assert.equal(greeting.authPluginName, plugin)
      assert.equal(greeting.authPluginData.length, 21)
    } else if (name === 'response') {
      assert.ok(greeting)
      const login = same('HandshakeResponse41', packet, 'client') as HandshakeResponse41
      assert.equal(login.authPluginName ?? 'no plugin name', plugin)
      assert.equal(login.authAnswer.length, Number(length))
      assert.equal(login.capabilities, Number(capture.clientCapabilities))
      assert.equal(login.collationId, Number(capture.clientCharset) & 0xff)
      capabilities = (login.capabilities & greeting.capabilities) >>> 0
    } else if (name === 'SSLRequest, then TLS') {
      same('SslRequest', packet, 'client')
      return
    } else if (name === 'switch') {
      const request = same('AuthSwitchRequest', packet, 'server')
      assert.equal(request.authPluginName, plugin)
      assert.equal(request.authPluginData.length, Number(length))
    } else if (name === 'next factor') {
      assert.equal(same('AuthNextFactor', packet, 'server').authPluginName, plugin)
    } else if (name === '01 03' || name === '01 04' || name === 'public key' || name.startsWith('01 +')) {
      same('AuthMoreData', packet, 'server')
    } else if (name === 'key request' || name === 'reply') {
      assert.equal(packet.from, 'client')
      count('opaque answer')
      assert.equal(packet.payload.length, name === 'reply' ? Number(plugin?.replace(' bytes', '')) : 1)
    } else if (name === 'OK') {
      same('Ok', packet, 'server')
    } else if (name.startsWith('ERR')) {
      assert.equal(same('Err', packet, 'server').code, Number(name.split(' ')[1]))
    } else if (name === 'COM_CHANGE_USER') {
      same('ComChangeUser', packet, 'client')
    } else if (name === 'COM_RESET_CONNECTION') {
      assert.deepEqual(packet, { from: 'client', payload: Uint8Array.of(0x1f) })
      count('COM_RESET_CONNECTION')
    } else if (name.startsWith('QUERY')) {
      same('ComQuery', packet, 'client')
      const errors = packets.filter(({ from, payload }) => from === 'server' && payload[0] === 0xff)
      const codes = errors.map((error) => same('Err', error, 'server').code)
      assert.ok(codes.includes(Number(name.split(' ').at(-1))), `${codes}`)
    } else if (name === '18-byte packet') {
      count('malformed on purpose')
      assert.throws(() => codecs.HandshakeResponse41.decode(packet.payload), MalformedPacket)
    } else {
      assert.fail(`the index has a step that is not known here: ${step}`)
    }
  }

  function same<Name extends keyof typeof codecs>(
    name: Name,
    packet: SeenPacket | undefined,
    from: SeenPacket['from'],
  ): ReturnType<(typeof codecs)[Name]['decode']> {
    assert.equal(packet?.from, from)
    count(name)
    const codec: Codec = codecs[name]
    const decoded = codec.decode(packet.payload, capabilities)
    assert.deepEqual(codec.encode(decoded as never, capabilities), withMinimalLength(packet.payload))
    return decoded as ReturnType<(typeof codecs)[Name]['decode']>
  }
}

/** The npm client `mariadb` writes the length of its attributes in three bytes where one is enough; we write one. */
function withMinimalLength(payload: Uint8Array): Uint8Array {
  const at = Buffer.from(payload).indexOf(Buffer.from('\0\x0c_client_name\x16MariaDB connector/Node', 'latin1'))
  if (at === -1 || payload[at - 2] !== 0xfc) return payload
  return new Uint8Array([...payload.subarray(0, at - 2), payload[at - 1] as number, ...payload.subarray(at + 1)])
}

function framesOf(conversation: Conversation): SeenPacket[] {
  const readers = { client: new FrameReader(0xffffff), server: new FrameReader(0xffffff) }
  const packets: SeenPacket[] = []
  for (const { from, bytes } of conversation.segments) {
    readers[from].push(bytes)
    for (let frame = readers[from].next(); frame !== undefined; frame = readers[from].next()) {
      packets.push({ from, payload: frame.payload.slice() })
    }
  }
  return packets
}

function count(name: string): void {
  seen.set(name, (seen.get(name) ?? 0) + 1)
}
