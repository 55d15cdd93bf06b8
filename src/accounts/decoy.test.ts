import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { plugins } from '../auth/plugins.ts'
import { refusals } from '../auth/refused-plugins.ts'
import { parseStoredCrypt } from '../auth/sha256-crypt.ts'
import { type DecoyModel, Decoys } from './decoy.ts'

const secret = new Uint8Array(32).fill(7)
const model: DecoyModel = {
  plugins: new Map([
    ['caching_sha2_password', 6],
    ['mysql_native_password', 3],
    ['sha256_password', 1],
    ['mysql_no_login', 50],
    ['never_heard_of', 50],
  ]),
  rounds: 10_000,
}
const names = Array.from({ length: 5000 }, (_, i) => `user${i}`)

describe('Decoys', () => {
  it('gives the same decoy again in every process with the same secret', () => {
    const [a, b] = [new Decoys(secret), new Decoys(Buffer.from(secret))]
    for (const name of names.slice(0, 200)) {
      const decoy = a.account(name, '127.0.0.1', model)
      assert.deepEqual(b.account(name, '127.0.0.1', model), decoy)
      assert.equal(a.account(name, '127.0.0.1', model), decoy)
    }
  })

  it('draws anew for another user, another host and another secret', () => {
    const credentials = [
      new Decoys(secret).account('a', 'h', model),
      new Decoys(secret).account('b', 'h', model),
      new Decoys(secret).account('a', 'i', model),
      new Decoys(randomBytes(32)).account('a', 'h', model),
    ].map((decoy) => decoy.authString)
    assert.equal(new Set(credentials).size, 4)
  })

  it('spreads the plugins like those of the real accounts, and never draws one that asks for no proof', () => {
    const decoys = new Decoys(secret)
    const counts = Object.groupBy(names, (name) => decoys.account(name, 'h', model).plugin)
    const expected = { caching_sha2_password: 3000, mysql_native_password: 1500, sha256_password: 500 }
    assert.deepEqual(Object.keys(counts).sort(), Object.keys(expected))
    let chiSquare = 0
    for (const [plugin, n] of Object.entries(expected)) chiSquare += ((counts[plugin]?.length ?? 0) - n) ** 2 / n
    // Two degrees of freedom; the secret is fixed, so this is no matter of luck.
    assert.ok(chiSquare < 9.2, `chi-square ${chiSquare}`)
  })

  it('moves few decoys to another plugin when the spread of real accounts moves a little', () => {
    const decoys = new Decoys(secret)
    const before = names.map((name) => decoys.account(name, 'h', model).plugin)
    const moved = { ...model, plugins: new Map([...model.plugins, ['caching_sha2_password', 7] as const]) }
    const changed = names.filter((name, i) => decoys.account(name, 'h', moved).plugin !== before[i])
    assert.ok(changed.length > 0 && changed.length < 300, `${changed.length} of ${names.length}`)
    assert.ok(changed.every((name) => decoys.account(name, 'h', moved).plugin === 'caching_sha2_password'))
  })

  it('has a credential that its plugin understands, that costs the given rounds, and that is not empty', () => {
    const decoys = new Decoys(secret)
    const rounds = { caching_sha2_password: 10_000, sha256_password: 5000, mysql_native_password: undefined }
    for (const name of names) {
      const { plugin, authString } = decoys.account(name, 'h', model)
      assert.notEqual(authString, '')
      assert.ok(plugins.get(plugin)!.understands(authString), `${plugin} ${JSON.stringify(authString)}`)
      assert.equal(parseStoredCrypt(authString)?.rounds, rounds[plugin as keyof typeof rounds])
    }
  })

  it('has one for every plugin that asks for a proof, and for each of the alternatives that do', () => {
    const decoys = new Decoys(secret)
    for (const [name, plugin] of plugins) {
      if (refusals.has(name)) continue
      const decoy = decoys.account('a', 'h', {
        plugins: new Map([[`unix_socket OR ${name} OR ed25519`, 1]]),
        rounds: 5000,
      })
      assert.equal(decoy.plugin, name)
      assert.notEqual(decoy.authString, '')
      assert.ok(plugin.understands(decoy.authString), name)
      assert.deepEqual(
        decoy.alternatives.map((one) => one.plugin),
        ['ed25519'],
      )
    }
  })

  it('imitates caching_sha2_password when no real account proves anything', () => {
    const decoy = new Decoys(secret).account('a', 'h', { plugins: new Map(), rounds: 5000 })
    assert.equal(decoy.plugin, 'caching_sha2_password')
    assert.ok(decoy.authString.startsWith('$A$005$'))
  })

  it('keeps the decoys used last, forgets them with the model, and keeps none of a name that no account can have', () => {
    const decoys = new Decoys(secret, 2)
    const [a, b] = [decoys.account('a', 'h', model), decoys.account('b', 'h', model)]
    assert.equal(decoys.account('a', 'h', model), a)
    decoys.account('c', 'h', model)
    assert.equal(decoys.account('a', 'h', model), a)
    assert.notEqual(decoys.account('b', 'h', model), b)
    assert.notEqual(decoys.account('b', 'h', { ...model }), b)
    const long = 'x'.repeat(33)
    assert.notEqual(decoys.account(long, 'h', model), decoys.account(long, 'h', model))
    assert.deepEqual(decoys.account(long, 'h', model), decoys.account(long, 'h', model))
  })

  it('refuses a secret that is not 32 bytes', () => {
    assert.throws(() => new Decoys(new Uint8Array(31)), { symbol: 'SALTGATE_CONFIGURATION' })
  })
})
