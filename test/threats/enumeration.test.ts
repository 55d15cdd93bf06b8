/** Threats to what the wire gives away: which accounts exist, what is in memory, what a listener on the wire learns. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import { int } from '../support/bytes.ts'
import { median, timed } from './measure.ts'
import { everyPlugin, openDoor } from './open-door.ts'
import { type Credentials, flag, loginPacket, Stranger, usualFlags } from './stranger.ts'

const plugins = ['mysql_native_password', 'caching_sha2_password', 'sha256_password'] as const
/** 30 native, 15 caching_sha2 and 5 sha256 accounts. */
const real = Array.from({ length: 50 }, (_, i) => ({
  user: `real${i}`,
  plugin: plugins[i < 30 ? 0 : i < 45 ? 1 : 2] as string,
  password: `pw${i}`,
}))
const unknown = (count: number) => Array.from({ length: count }, (_, i) => `nobody${i}`)

/** Everything that a client can see of a failed login but the random bytes: kinds, lengths, plugins, the error. */
async function transcript(port: number, credentials: Credentials): Promise<string> {
  const stranger = await Stranger.greeted(port)
  const verdict = await stranger.login({ password: 'wrong', ...credentials })
  const bytes = Buffer.concat(stranger.received)
  const sizes: string[] = []
  for (let at = 0; at < bytes.length; at += 4 + bytes.readUIntLE(at, 3)) {
    const plugin = /\xfe([a-z0-9_]+)\0/.exec(bytes.toString('latin1', at + 4, at + 40))?.[1] ?? ''
    sizes.push(`${bytes[at + 4]}${plugin}`)
  }
  stranger.destroy()
  const error = verdict.ok ? 'OK' : `${verdict.code} ${verdict.message.replace(credentials.user, 'USER')}`
  return `${sizes.slice(1).join(' ')} ${error}`
}

function count(values: readonly string[]): Map<string, number> {
  return new Map(Object.entries(Object.groupBy(values, String)).map(([key, all]) => [key, all?.length ?? 0]))
}

describe('unknown users', () => {
  it('T13 look like accounts with a wrong password: same dialogues, in the same proportions, same error', async (t) => {
    const { port } = await openDoor(t, { accounts: real, decoySecret: Buffer.alloc(32, 7) })
    for (const plugin of plugins) {
      const seen = async (users: readonly string[]) =>
        count(await Promise.all(users.map((user) => transcript(port, { user, plugin }))))
      const ofReal = await seen(real.map(({ user }) => user))
      const ofUnknown = await seen(unknown(300))
      assert.deepEqual([...ofUnknown.keys()].sort(), [...ofReal.keys()].sort(), plugin)
      let chiSquare = 0
      for (const [shape, times] of ofReal) {
        const expected = (times / real.length) * 300
        chiSquare += ((ofUnknown.get(shape) ?? 0) - expected) ** 2 / expected
      }
      assert.ok(chiSquare < 9.21, `chi-square ${chiSquare} with two degrees of freedom`)
    }
  })

  it('T13 get the same dialogue each time and after a restart, and another one only with another secret', async (t) => {
    const ask = async (secret: number, users: readonly string[]) => {
      const { port } = await openDoor(t, { accounts: real, decoySecret: Buffer.alloc(32, secret) })
      return Promise.all(users.map((user) => transcript(port, { user })))
    }
    const users = unknown(60)
    const first = await ask(1, users)
    assert.deepEqual(await ask(1, users.toReversed()), first.toReversed())
    assert.notDeepEqual(await ask(2, users), first)
  })

  it('T13 get an empty password refused like everybody, also when an account without a password exists', async (t) => {
    const { port } = await openDoor(t, { accounts: [...real, { user: 'empty', password: '' }] })
    const ofReal = new Set(await Promise.all(real.map(({ user }) => transcript(port, { user, password: '' }))))
    for (const shape of await Promise.all(unknown(100).map((user) => transcript(port, { user, password: '' })))) {
      assert.ok(ofReal.has(shape), shape)
    }
  })

  for (const plugin of plugins) {
    it(`T14 take as long as wrong passwords of ${plugin}`, async (t) => {
      const { port } = await openDoor(t, { accounts: [{ user: 'real', plugin, password: 'right' }] })
      const times: Record<'real' | 'nobody', number[]> = { real: [], nobody: [] }
      const one = async (user: 'real' | 'nobody', i: number) => {
        const stranger = await Stranger.greeted(port)
        const credentials = { user: user === 'real' ? user : `nobody${i}`, password: 'wrong', plugin }
        times[user].push(await timed(() => stranger.login(credentials)))
        stranger.destroy()
      }
      for (let i = 0; i < 150; i++) {
        // In both orders, so that neither always follows the other.
        for (const user of i % 2 === 0 ? (['real', 'nobody'] as const) : (['nobody', 'real'] as const))
          await one(user, i)
      }
      const ratio = median(times.nobody) / median(times.real)
      assert.ok(ratio > 0.7 && ratio < 1.4, `unknown users take ${ratio.toFixed(2)} of the time`)
    })
  }

  it('T14 cost the same 5000 rounds, and a remembered password makes a wrong one no faster', async (t) => {
    // What is tried behind a verdict has a test of its own: server/near-proofs-limits.test.ts.
    const settings = { saltgate_near_proofs: 0 }
    const { port, door } = await openDoor(t, { accounts: [{ user: 'sha2', password: 'pw-sha2' }], settings })
    const jobs: string[] = []
    const { check } = door.secrets
    door.secrets.check = (job) => {
      jobs.push(job.authStrings.map((stored) => stored.slice(0, 7)).join())
      return check.call(door.secrets, job)
    }
    const warm = await Stranger.loggedIn(port, { user: 'sha2', password: 'pw-sha2' })
    for (const user of ['sha2', 'nobody', 'nobody2']) {
      const stranger = await Stranger.greeted(port)
      await stranger.login({ user, password: 'wrong', plugin: 'caching_sha2_password' })
      stranger.destroy()
    }
    warm.destroy()
    assert.deepEqual(jobs, Array(4).fill('$A$005$'))
  })
})

describe('replies', () => {
  it('T15 never hold memory of another connection, however a field of the login is cut or lies', async (t) => {
    const { port } = await openDoor(t, { accounts: everyPlugin })
    const canary = 'CANARY-0123456789-CANARY'
    const filled = await Stranger.greeted(port)
    await filled.login({ user: canary, password: canary, attributes: { canary, [canary]: canary.repeat(100) } })
    for (let i = 0; i < 1000; i++) Buffer.from(canary.repeat(20))
    const whole = Buffer.from(
      loginPacket({
        user: 'u',
        plugin: 'mysql_native_password',
        proof: Buffer.alloc(20, 0x41),
        database: 'd',
        attributes: { a: 'b' },
      }),
    )
    const cut = Array.from({ length: whole.length }, (_, length) => whole.subarray(0, length))
    const lying = [33, 34, 35, whole.indexOf('d\0mysql') + 24].flatMap((at) =>
      [0x20, 0xfa, 0xfc, 0xfd, 0xfe, 0xff].map((length) => whole.with(at, length)),
    )
    for (const payload of [...cut, ...lying]) {
      const stranger = await Stranger.greeted(port)
      stranger.send(payload)
      stranger.plain.end()
      await stranger.rest()
      const received = Buffer.concat(stranger.received).toString('latin1')
      assert.ok(!received.includes('CANARY'), received)
      stranger.destroy()
    }
    filled.destroy()
  })

  it('T15 echo a name as it was given, at its full length or cut, with nothing behind it', async (t) => {
    const { port } = await openDoor(t, {
      accounts: [{ user: 'native', plugin: 'mysql_native_password', password: 'x' }],
    })
    for (const length of [1, 31, 32, 33, 47, 48, 49, 200, 2000, 30_000]) {
      const stranger = await Stranger.greeted(port)
      const verdict = await stranger.login({ user: 'x'.repeat(length), password: 'y' })
      assert.match(
        verdict.ok ? '' : verdict.message,
        new RegExp(`^Access denied for user 'x{${Math.min(length, 48)}}'@'localhost' \\(using password: YES\\)$`),
      )
      stranger.destroy()
    }
  })
})

describe('a listener on the wire', () => {
  const attributes = { program_name: 'shop' }
  const flows: readonly (Credentials & { readonly what: string })[] = [
    { what: 'native', user: 'native', password: 'pw-native', plugin: 'mysql_native_password' },
    { what: 'native by a switch', user: 'native', password: 'pw-native' },
    { what: 'full caching_sha2', user: 'sha2', password: 'pw-sha2' },
    { what: 'fast caching_sha2', user: 'sha2', password: 'pw-sha2' },
    { what: 'sha256', user: 'sha256', password: 'pw-sha256' },
    { what: 'a wrong password', user: 'sha2', password: 'not-this-one' },
  ]

  it('T21 sees names, database, attributes and proofs without TLS, but never a password or a digest of it alone', async (t) => {
    const { port } = await openDoor(t, { accounts: everyPlugin })
    for (const { what, ...credentials } of flows) {
      const stranger = await Stranger.greeted(port)
      await stranger.login({ ...credentials, database: 'shopdb', attributes })
      const wire = Buffer.concat([...stranger.sent, ...stranger.received])
      for (const visible of [credentials.user, 'shopdb', 'program_name', 'shop']) {
        assert.ok(wire.includes(visible), `${what}: ${visible}`)
      }
      const password = Buffer.from(credentials.password ?? '')
      const digest = (name: string, data: Uint8Array) => createHash(name).update(data).digest()
      const secrets = ['sha1', 'sha256'].flatMap((name) => [
        digest(name, password),
        digest(name, digest(name, password)),
      ])
      for (const secret of [password, ...secrets]) assert.ok(!wire.includes(secret), what)
      stranger.destroy()
    }
  })

  it('T21 sees nothing but the greeting and the SSLRequest with TLS', async (t) => {
    const { port } = await openDoor(t, { accounts: everyPlugin })
    for (const { what, ...credentials } of flows) {
      const stranger = await Stranger.greeted(port)
      await stranger.startTls()
      await stranger.login({ ...credentials, database: 'shopdb', attributes })
      const said = Buffer.concat(stranger.sent)
      assert.equal(said.length, 36, what)
      assert.deepEqual(said.subarray(4, 8), Buffer.from(int((usualFlags | flag.SSL) >>> 0, 4)))
      stranger.destroy()
    }
  })
})

describe('a token that is the password', () => {
  it('T22 is asked for only over TLS, reaches the account source once, and is wiped behind it', async (t) => {
    const stored = new MemoryAccounts([{ user: 'cloud', plugin: 'mysql_clear_password', authString: '' }])
    const token = `rds.example.com/?X-Amz-Signature=${'0123456789abcdef'.repeat(64)}`
    const given: Uint8Array[] = []
    const texts: string[] = []
    const { port, log, door } = await openDoor(t, {
      accounts: {
        find: (user, peer) => stored.find(user, peer),
        checkPassword: (_, password) => {
          given.push(password)
          texts.push(password.toString())
          return Buffer.from(password).toString() === token
        },
      },
      settings: { saltgate_allow_clear_password: true },
    })
    const plain = await Stranger.greeted(port)
    const verdict = await plain.login({ user: 'cloud', password: token })
    assert.equal(verdict.ok, false)
    assert.ok(!Buffer.concat(plain.sent).includes('X-Amz'), 'a token in clear')
    assert.equal(given.length, 0)
    const tls = await Stranger.greeted(port)
    await tls.startTls()
    assert.deepEqual(await tls.login({ user: 'cloud', password: token }), { ok: true })
    assert.equal(given.length, 1)
    assert.ok(
      given[0]?.every((byte) => byte === 0),
      'the token was left in memory',
    )
    assert.ok(!log.join().includes('X-Amz') && !JSON.stringify(door.registry.history()).includes('X-Amz'))
    for (const stranger of [plain, tls]) stranger.destroy()
  })
})
