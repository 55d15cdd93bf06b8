/** T49 and T50: what a backend gets to hear, by the rule, the channels of both legs, and whoever the backend turns out to be. */
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { connect as connectSocket, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import type { ConnectOptions, TlsMode } from '../../src/client/options.ts'
import { MysqlError } from '../../src/errors/errors.ts'
import type { Rule } from '../../src/gateway/rules.ts'
import { type Lie, LyingBackend } from '../gateway/lying-backend.ts'
import { openViewedDoor, type ViewedDoor } from '../gateway/viewed-door.ts'
import { frame, moreData, nonce, nonce32, switchTo } from '../rogue/packets.ts'
import { bytes, text, zeros } from '../support/bytes.ts'
import { until } from '../support/door.ts'
import { openTestGateway, type TestGateway } from '../support/gateway.ts'
import { LoopbackServer } from '../support/loopback-server.ts'
import { nativeScramble, sha2Scramble } from './stranger.ts'

const password = 'Canary of the client'
const native = 'mysql_native_password'
/** To this program an address like any other, that happens to lead back here. */
const elsewhere = '::ffff:127.0.0.1'

const credential = { password: 'behind' }
const ways: Readonly<Record<string, Omit<Rule, 'user'>>> = {
  own: { way: 'own', credentials: credential, pool: 'off' },
  mapped: { way: 'mapped', as: { user: 'shared', credential }, pool: 'off' },
  backend: { way: 'backend', pool: 'off' },
  relay: { way: 'relay' },
}
const own = ['own', 'mapped'].map((user) => ({ user, plugin: native, password }))

/** All that a backend could hear of the client's password, over any nonce that it may send. */
function secretsIn(heard: Buffer): string[] {
  const found: string[] = []
  if (heard.includes(password)) found.push('the password')
  for (const [name, over] of [
    ['its nonce', nonce],
    ['a longer one', nonce32],
    ['zeros', zeros(20)],
  ] as const) {
    if (heard.includes(nativeScramble(password, over))) found.push(`a native scramble over ${name}`)
    if (heard.includes(sha2Scramble(password, over))) found.push(`a sha2 scramble over ${name}`)
  }
  return found
}

async function outcome(options: ConnectOptions): Promise<number | 'in'> {
  try {
    const connection = await connect({ getServerPublicKey: true, password, ...options })
    await connection.close()
    return 'in'
  } catch (error) {
    assert.ok(error instanceof MysqlError, `${error}`)
    return error.code
  }
}

describe('a rogue backend', { timeout: 30_000 }, () => {
  let rogue: LyingBackend
  let honest: ViewedDoor
  let gateway: TestGateway

  before(async () => {
    rogue = await LyingBackend.open()
    honest = await openViewedDoor([
      { user: 'backend', plugin: native, password },
      { user: 'relay', plugin: native, password },
    ])
    const backend = (name: string, port: number, mode: TlsMode) => ({
      name,
      connect: { host: '127.0.0.1', port, tls: { mode }, connectTimeoutMs: 500, getServerPublicKey: true },
    })
    gateway = await openTestGateway({
      backends: [
        backend('rogue', rogue.port, 'DISABLED'),
        backend('honest', honest.door.port, 'DISABLED'),
        backend('unproven', honest.door.port, 'VERIFY_CA'),
      ],
      rules: [
        ...Object.entries(ways).map(([user, rule]) => ({ user, ...rule, to: { backend: 'rogue' } })),
        { user: 'unproven', way: 'relay', to: { backend: 'unproven' } },
      ],
      with: { backendAccounts: honest.accounts },
      accounts: own,
    })
  })

  after(async () => {
    await gateway.close().finally(async () => {
      await rogue.close()
      await honest.close()
    })
    assert.deepEqual(gateway.errors, [])
  })

  const wishes: Readonly<Record<string, Lie>> = {
    'a native scramble': { at: 'verdict', says: bytes('07 00 00 04 00 00 00 02 00 00 00'), and: 'goes on' },
    'a sha2 scramble': { at: 'switch', says: frame(switchTo('caching_sha2_password'), 2), and: 'goes on' },
    'the password in full, by a key of its own': {
      at: 'verdict',
      says: frame(moreData([4]), 4),
      and: 'goes on',
    },
    'the password in clear': { at: 'switch', says: frame(switchTo('mysql_clear_password'), 2), and: 'goes on' },
    'what a person would type': {
      at: 'switch',
      says: frame(switchTo('dialog', bytes([4], text('Password: '))), 2),
      and: 'goes on',
    },
    'a signature': { at: 'switch', says: frame(switchTo('client_ed25519'), 2), and: 'goes on' },
    'a proof of a plugin that nobody knows': {
      at: 'switch',
      says: frame(switchTo('no_such', zeros(20)), 2),
      and: 'goes on',
    },
  }

  async function ask(
    user: string,
    lie: Lie,
    tls: TlsMode,
  ): Promise<{ readonly heard: Buffer; readonly proofs: number }> {
    const [backend] = gateway.gateway.backends.all
    await until(() => backend?.state === 'up' && !backend.doubted, 'the watch has looked')
    const before = rogue.heard.length
    rogue.lieOnce(lie)
    await outcome({ port: gateway.port, user, tls: { mode: tls }, enableCleartextPlugin: true, connectTimeoutMs: 2000 })
    await until(() => gateway.gateway.passages.size === 0, 'the client has left')
    const sessions = rogue.heard.slice(before).filter((one) => one.user !== 'saltgate-monitor')
    return {
      heard: Buffer.concat(sessions.map((one) => one.bytes)),
      proofs: sessions.filter((one) => one.answered).length,
    }
  }

  for (const [what, lie] of Object.entries(wishes)) {
    for (const user of ['own', 'mapped']) {
      it(`T49 gets nothing of the client's by a wish for ${what}, where the gateway has a credential: ${user}`, async () => {
        assert.deepEqual(secretsIn((await ask(user, lie, 'REQUIRED')).heard), [])
      })
    }
  }

  it('T49 gets a proof over its nonce by what was recovered for the backends, and by no other plugin', async () => {
    const rule = 'a rule of way `backend` trusts each backend that it names with the digests of their users'
    assert.deepEqual(
      secretsIn((await ask('backend', wishes['a native scramble'] as Lie, 'DISABLED')).heard),
      ['a native scramble over its nonce'],
      rule,
    )
    for (const [what, lie] of Object.entries(wishes)) {
      if (lie.at !== 'switch') continue
      assert.deepEqual(secretsIn((await ask('backend', lie, 'DISABLED')).heard), [], what)
    }
  })

  it('T49 is what a relay trusts, with what its plugin sends on the channels of both legs', async () => {
    const rule = 'a relay is an oracle to the backend that its rule names, to no other, and for no clear password'
    assert.deepEqual(
      secretsIn((await ask('relay', wishes['a native scramble'] as Lie, 'DISABLED')).heard),
      ['a native scramble over its nonce'],
      rule,
    )
    for (const what of ['the password in clear', 'what a person would type', 'a proof of a plugin that nobody knows']) {
      for (const tls of ['DISABLED', 'REQUIRED'] as const) {
        const { heard, proofs } = await ask('relay', wishes[what] as Lie, tls)
        assert.deepEqual(secretsIn(heard), [], `${what}, ${tls}`)
        assert.equal(proofs, 1, `it is answered, so that it cannot count a login broken off: ${what}, ${tls}`)
      }
    }
    assert.deepEqual(
      honest.door.refusals.filter(({ user }) => user === 'relay'),
      [],
      'nobody else was asked',
    )
  })

  it('T49 gets nothing at all where its name is to be proven, and is not', async () => {
    assert.equal(await outcome({ port: gateway.port, user: 'unproven', tls: { mode: 'DISABLED' } }), 2003)
    const heard = honest.door.refusals.filter(({ reason }) => reason === 'tls-failed').map(({ user }) => user)
    assert.ok(heard.length > 0)
    assert.deepEqual(new Set(heard), new Set([undefined]))
  })
})

describe('the legs of a session', { timeout: 30_000 }, () => {
  let plain: LyingBackend
  let secure: ViewedDoor
  let stripping: Stripping
  let socketPath: string

  before(async () => {
    plain = await LyingBackend.open()
    secure = await openViewedDoor(
      [...Object.keys(ways), 'shared'].map((user) => ({
        ...{ user, plugin: native },
        password: user === 'relay' || user === 'backend' ? password : credential.password,
      })),
    )
    stripping = await Stripping.open(secure.door.port)
    socketPath = join(tmpdir(), `saltgate-legs-${process.pid}.sock`)
  })

  after(async () => {
    await plain.close()
    await stripping.close()
    await secure.close()
    await rm(socketPath, { force: true })
  })

  async function withPolicy(
    tlsPolicy: 'backend-at-least-client' | 'any',
    use: (gateway: TestGateway) => Promise<void>,
  ) {
    const backend = (name: string, host: string, port: number, mode: TlsMode) => ({
      name,
      connect: { host, port, tls: { mode }, connectTimeoutMs: 1000, getServerPublicKey: true },
    })
    const gateway = await openTestGateway({
      backends: [
        backend('here', '127.0.0.1', plain.port, 'DISABLED'),
        backend('far', elsewhere, plain.port, 'DISABLED'),
        backend('perhaps', elsewhere, stripping.port, 'PREFERRED'),
        backend('tls', elsewhere, secure.door.port, 'REQUIRED'),
      ],
      rules: Object.entries(ways).map(([user, rule]) => ({ user, ...rule })),
      with: {
        ...{ backendAccounts: secure.accounts, tlsPolicy },
        hooks: { readAuth: ({ attributes }) => ({ do: 'go', to: { backend: attributes.get('to') ?? '' } }) },
      },
      accounts: own,
      listen: ['127.0.0.1:0', socketPath],
    })
    try {
      await use(gateway)
      const { all } = gateway.gateway.backends
      await until(() => all.every(({ connections }) => connections === 0), 'the backends are left')
    } finally {
      await gateway.close()
    }
  }

  const clientLegs = (port: number): Readonly<Record<string, ConnectOptions>> => ({
    plain: { port, host: '127.0.0.1', tls: { mode: 'DISABLED' } },
    tls: { port, host: '127.0.0.1', tls: { mode: 'REQUIRED' } },
    socket: { socketPath },
  })

  /** Who gets in where: by channel of the client, to each backend. */
  const expected = {
    'backend-at-least-client': {
      plain: { here: 'in', far: 'in', perhaps: 'in', stripped: 'in', tls: 'in' },
      tls: { here: 'in', far: 2003, perhaps: 'in', stripped: 2003, tls: 'in' },
      socket: { here: 'in', far: 2003, perhaps: 'in', stripped: 2003, tls: 'in' },
    },
    any: {
      plain: { here: 'in', far: 'in', perhaps: 'in', stripped: 'in', tls: 'in' },
      tls: { here: 'in', far: 'in', perhaps: 'in', stripped: 'in', tls: 'in' },
      socket: { here: 'in', far: 'in', perhaps: 'in', stripped: 'in', tls: 'in' },
    },
  } as const

  for (const [tlsPolicy, byChannel] of Object.entries(expected)) {
    it(`T50 are as safe as ${tlsPolicy} says, and a refused one sends no login`, async () => {
      await withPolicy(tlsPolicy as keyof typeof expected, async (gateway) => {
        for (const [channel, byBackend] of Object.entries(byChannel)) {
          for (const [name, verdict] of Object.entries(byBackend)) {
            for (const user of Object.keys(ways)) {
              const where = `${user} by ${channel} to ${name}`
              stripping.strips = name === 'stripped'
              const to = name === 'stripped' ? 'perhaps' : name
              const chosen = gateway.gateway.backends.all.find((one) => one.name === to)
              await until(() => chosen?.state === 'up' && !chosen.doubted, `${to} is up`)
              const heard = plain.heard.length
              const options = { ...clientLegs(gateway.port)[channel], user, connectAttributes: { to } }
              assert.equal(await outcome(options), verdict, where)
              if (verdict === 'in') continue
              const said = plain.heard.slice(heard).filter((one) => one.user !== 'saltgate-monitor')
              assert.deepEqual(said, [], where)
            }
          }
        }
      })
    })
  }
})

/** Stands in between, and takes CLIENT_SSL out of a greeting: a backend that has TLS no more, or an attacker. */
class Stripping extends LoopbackServer {
  readonly #port: number
  strips = false

  private constructor(port: number) {
    super()
    this.#port = port
  }

  static open(port: number): Promise<Stripping> {
    return new Stripping(port).listen()
  }

  protected override serve(client: Socket): void {
    const server = this.keep(connectSocket({ port: this.#port, host: '127.0.0.1' }))
    const { strips } = this
    server.once('data', (greeting: Buffer) => {
      const flags = greeting.indexOf(0, 5) + 1 + 4 + 8 + 1
      if (strips) greeting.writeUInt16LE(greeting.readUInt16LE(flags) & ~0x0800, flags)
      client.write(greeting)
      server.pipe(client)
    })
    client.pipe(server)
    client.on('close', () => server.destroy())
    server.on('close', () => client.destroy())
  }
}
