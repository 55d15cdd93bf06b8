/** Each persona against every capture of the real client, TLS opened where the keys are known: the same bytes, scrambles included. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { bytesOf, type Capture, captures } from '../../../test/support/captures.ts'
import { readPcap } from '../../../test/support/pcap.ts'
import type { Observation, SeenPacket } from '../observation.ts'
import { Observer } from '../observer.ts'
import type { PersonaPlace } from '../persona.ts'
import { PersonaHandshake } from '../persona-handshake.ts'
import { KeyLog } from '../tls/key-log.ts'
import { personaOf, personas } from './index.ts'

/** By the client that a capture names. */
const clients: Readonly<Record<string, string>> = {
  'mysql CLI 9.7.4 (libmysqlclient)': 'mysql@9.7',
  'mariadb CLI 10.11.19 (Connector/C 3.3)': 'mariadb@10.11',
  'mariadb CLI 11.8.9 (Connector/C 3.4)': 'mariadb@11.8',
  'PyMySQL 1.0.2': 'pymysql@1.0.2',
  'PyMySQL 1.1.1': 'pymysql@1.1.1',
  'PyMySQL 1.2.0': 'pymysql@1.2.0',
  'mysql-connector-python 26.7 (pure)': 'connector-python@26.7',
  'mysql2 3.24.5 (npm)': 'mysql2@3.24',
  'mysql 2.18.1 (npm "mysqljs")': 'node-mysql@2.18',
  'mariadb 3.5.4 (npm)': 'node-mariadb@3.5',
  'go-sql-driver/mysql 1.5.0': 'go-sql-driver@1.5',
  'PHP 8.2.35 mysqli/mysqlnd': 'mysqlnd@8.2',
}

/** Compression, --default-auth, a key file, --connect-expired-password; and factors whose wrong passwords nobody wrote down. */
const otherOptions = /-compress-|-switch-|-sha256-direct-|-localkey-|-expired-sandbox-|-mfa2-wrong/

/** What the persona has not, and the captured client had: a package, a plugin's file. After: it leaves, where that one went on. */
const hadMore = /-ed25519-ok-pymysql|-mfat-|-proxy-|-testplugin-/

for (const persona of personas.filter(({ knownFrom }) => knownFrom === 'captures')) {
  describe(persona.id, () => {
    const own = captures.filter(({ client, name }) => clients[client] === persona.id && !otherOptions.test(name))
    for (const capture of own) {
      it(`sends what the real client sent in ${capture.name}`, () => {
        const seen = observed(capture)
        const { sent, state } = replay(persona.id, capture, seen)
        const expected = loginPackets(seen).filter(({ from }) => from === 'client')
        if (!hadMore.test(capture.name)) assert.equal(sent.length, expected.length, JSON.stringify(state))
        assert.deepEqual(
          sent.map(comparable),
          expected.slice(0, sent.length).map(({ payload }) => comparable(payload)),
        )
        if ('says' in state && !hadMore.test(capture.name)) assertSaw(capture, state.says)
      })
    }

    it('is proven by a capture at least', () => assert.notEqual(own.length, 0))
  })
}

describe('personas', () => {
  it('say where their packets come from', () => {
    for (const { knownFrom, title } of personas) {
      assert.equal(/from documentation/.test(title), knownFrom === 'documentation', title)
    }
  })

  it('are found by their name, or by the nearest', () => {
    assert.equal(personaOf('pymysql@1.1.1').title, 'PyMySQL 1.1.1')
    assert.throws(() => personaOf('mysql@9.6'), /did you mean 'mysql@9\.7'/)
  })
})

function observed(capture: Capture): Observation {
  const [conversation] = readPcap(bytesOf(capture))
  const keyFile = new URL(`../../../test/vectors/captures/${capture.name}.keys`, import.meta.url)
  const keys = new KeyLog()
  if (existsSync(keyFile)) keys.add(readFileSync(keyFile, 'utf8'))
  const server = { address: '127.0.0.1', port: 3306 }
  const observer = new Observer({ client: server, server, startedMs: undefined }, { number: 1, keys })
  for (const { from, bytes } of conversation?.segments ?? []) observer.onData(from, bytes, 0)
  return observer.finish()
}

/** Up to the verdict, which is the last. */
function loginPackets({ packets }: Observation): readonly SeenPacket[] {
  const verdict = packets.findIndex(({ kind }) => kind === 'Ok' || kind === 'Err')
  return verdict === -1 ? packets : packets.slice(0, verdict + 1)
}

/** Lets the persona hear what the server said, and collects what it answers. */
function replay(id: string, capture: Capture, seen: Observation) {
  const passwords = (
    (capture.password ?? '') === '' && capture.account.startsWith('mfa')
      ? ['pw-mfa', 'pw-second', 'pw-third']
      : [capture.password ?? '', '']
  ).map((password) => Buffer.from(password))
  const machine = new PersonaHandshake({
    persona: personaOf(id),
    asked: {
      user: capture.account,
      database: capture.database ?? undefined,
      tls: seen.sslRequest !== undefined,
      clearPassword: !/-mfa2-mysql2$/.test(capture.name),
      at: placeOf(seen),
    },
    passwords,
    mayRequestPublicKey: !/-nokeyrequest-/.test(capture.name),
    serverPublicKey: undefined,
    local: true,
    channel: 'plaintext',
    random: (length) => new Uint8Array(length),
  })
  const sent: Uint8Array[] = []
  const take = () => {
    for (const effect of machine.take()) {
      if (effect.do === 'send') sent.push(effect.payload.slice())
      else if (seen.login !== undefined) machine.onSecure({ fingerprint: new Uint8Array(32), distrust: undefined })
    }
  }
  for (const packet of loginPackets(seen)) {
    if (packet.from === 'server') machine.onPacket(packet.payload, packet.sequenceId)
    take()
    take()
  }
  return { sent, state: machine.state }
}

/** The words of the real client, but for the name of the error's class and the directory of plugins. */
function assertSaw({ name }: Capture, says: string): void {
  const saw = printed.get(name) ?? ''
  assert.ok(
    saw.replaceAll('PLUGIN_DIR/', '').includes(says.replace(/^[\w.]*(Error|exception): /, '')),
    `${saw}\n${says}`,
  )
}

/** What the real client printed, by capture. */
const printed: ReadonlyMap<string, string> = new Map(
  captures.map((capture) => [capture.name, (capture as Capture & { readonly clientSaw: string }).clientSaw]),
)

/** Names of machine and person, process id: those of the machine on which the capture was made. */
function placeOf({ login }: Observation): PersonaPlace {
  const attributes = new Map(
    login?.connectAttributes?.map((pair) => pair.map((part) => Buffer.from(part).toString()) as [string, string]),
  )
  return {
    pid: Number(attributes.get('_pid') ?? 0),
    osUser: attributes.get('os_user') ?? '',
    hostName: attributes.get('_source_host') ?? attributes.get('_client_host') ?? '',
    serverHost: attributes.get('_server_host') ?? '',
  }
}

/** Nobody can send again what RSA padding, or a nonce of the client itself, made once: a sealed password, a signature of parsec. */
function comparable(payload: Uint8Array): string {
  return payload.length === 256 || payload.length === 96
    ? `${payload.length} bytes`
    : Buffer.from(payload).toString('hex')
}
