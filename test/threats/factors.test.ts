/** Doors with accounts of several factors and of alternatives, and clients that try to need fewer, or to try more. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Credential } from '../../src/accounts/account.ts'
import { type AccountInput, MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import { plugins } from '../../src/auth/plugins.ts'
import { bytes, text, zeros } from '../support/bytes.ts'
import { type TestDoor, withDoor } from '../support/door.ts'
import { handshakeResponse, RawClient, type RawPacket, scramble } from '../support/raw-client.ts'

const multiFactor = 1 << 28
const native = 'mysql_native_password'
const sha2 = 'caching_sha2_password'
const twice: Partial<AccountInput> = { failedLoginAttempts: 2, passwordLockTimeDays: 1 }
const secrets = ['first', 'second', 'third']
const three: AccountInput = {
  ...{ user: 'u', plugin: native, password: 'first' },
  factors: [stored(native, 'second'), stored(native, 'third')],
}

describe('T09: an account with three factors', () => {
  it('T09 opens for all three in their order, and for nothing else', () =>
    withDoor({ accounts: [three] }, async (server) => {
      assert.deepEqual(await tryFactors(server, secrets), { factors: 3, end: 'OK' })
      for (const [given, factors] of [
        [['second', 'first', 'third'], 1],
        [['first', 'first', 'first'], 2],
        [['first', 'third', 'second'], 2],
        [['first', '', ''], 2],
        [['first', 'second', 'second'], 3],
        [['first', 'second', ''], 3],
        [['', '', ''], 1],
      ] as const) {
        assert.deepEqual(await tryFactors(server, given), { factors, end: 1045 }, given.join())
      }
      assert.deepEqual(
        server.refusals.map(({ detail }) => detail),
        [undefined, 'factor 2', 'factor 2', 'factor 2', 'factor 3', 'factor 3', undefined],
      )
    }))

  it('T09 is not opened by who leaves out an answer and goes on, or answers twice', () =>
    withDoor({ accounts: [three] }, async (server) => {
      const query = bytes([3], text('SELECT 1'))
      const ok = bytes([0, 0, 0, 2, 0, 0, 0])
      for (const after of [1, 2]) {
        for (const instead of [query, ok, zeros(0), zeros(20)]) {
          const { client, last } = await begin(server, secrets.slice(0, after))
          assert.equal(last.payload[0], 2)
          client.send(instead, last.sequenceId + 1)
          client.send(query, 0)
          assert.equal((await client.packet()).payload[0], 0xff)
          assert.equal(await client.next(), undefined)
        }
        const { client } = await begin(server, secrets.slice(0, after))
        client.endWriting()
        assert.equal((await client.error()).code, 1158)
        client.destroy()
      }
    }))

  it('T09 does not open for a client that can do one factor', () =>
    withDoor({ accounts: [three] }, async (server) => {
      const client = await RawClient.connect(server)
      const { last } = await client.login({ user: 'u', password: 'first' })
      assert.equal(codeOf(last), 1045)
      assert.equal(server.refusals[0]?.reason, 'no-multi-factor')
      client.destroy()
    }))

  it('T09 takes factors of any length', async () => {
    for (const length of [79, 80, 81, 100, 128, 2391]) {
      const long = 'x'.repeat(length)
      await withDoor({ accounts: [{ ...three, factors: [stored(native, long)] }] }, async (server) => {
        assert.equal((await tryFactors(server, ['first', long])).end, 'OK')
        assert.equal((await tryFactors(server, ['first', long.slice(1)])).end, 1045)
      })
    }
  })

  it('counts wrong passwords of every factor', () =>
    withDoor({ accounts: [{ ...three, ...twice }] }, async (server) => {
      assert.equal((await tryFactors(server, ['first', 'no'])).end, 1045)
      assert.equal((await tryFactors(server, ['first', 'second', 'no'])).end, 3955)
      assert.equal((await tryFactors(server, secrets)).end, 3955)
    }))

  it('remembers the first password for fast authentication, and no other', () => {
    const account: AccountInput = { user: 'u', password: 'first', factors: [stored(sha2, 'second')] }
    return withDoor({ accounts: [account] }, async (server) => {
      const client = await RawClient.connect({ path: server.socketPath })
      await client.greeting()
      await sayFully(client, 'first', 1, 'login')
      const next = await client.packet()
      assert.equal(next.payload[0], 2)
      await sayFully(client, 'second', next.sequenceId + 1)
      assert.equal((await client.packet()).payload[0], 0)
      const known = await server.door.realm.accounts.find('u', { address: '127.0.0.1', name: undefined })
      assert.ok(known)
      assert.deepEqual(server.door.realm.fastDigests.of(known).map(hex), [hex(twiceHashed('first'))])
      client.destroy()
    })
  })

  it('tells an account source which factor a password is of', async () => {
    const asked: string[] = []
    const clear = { user: 'u', plugin: 'mysql_clear_password', factors: [{ plugin: 'dialog', authString: '' }] }
    const accounts = new MemoryAccounts([clear])
    const source = {
      find: accounts.find.bind(accounts),
      checkPassword(_: unknown, password: Uint8Array, factor: number) {
        asked.push(`${factor} ${Buffer.from(password)}`)
        return Buffer.from(password).toString() === secrets[factor - 1]
      },
    }
    await withDoor({ accounts: source, settings: { saltgate_allow_clear_password: true } }, async (server) => {
      for (const [given, end] of [
        [['first', 'second'], 0],
        [['first', 'first'], 0xff],
      ] as const) {
        const client = await RawClient.connect({ path: server.socketPath })
        await client.greeting()
        client.send(login('u', zeros(0), sha2), 1)
        for (const password of given) {
          const { sequenceId } = await client.packet()
          client.send(text(`${password}\0`), sequenceId + 1)
        }
        assert.equal((await client.packet()).payload[0], end)
        client.destroy()
      }
    })
    assert.deepEqual(asked, ['1 first', '2 second', '1 first', '2 first'])
  })
})

describe('an account with alternatives', () => {
  const either: AccountInput = { ...three, factors: [], alternatives: [stored(native, 'other')], ...twice }

  it('counts a login in which every alternative failed as one wrong password, whichever was a guess', () =>
    withDoor({ accounts: [either] }, async (server) => {
      assert.equal((await tryFactors(server, ['no'])).end, 1045)
      assert.equal((await tryFactors(server, ['other'])).end, 'OK')
      assert.equal((await tryFactors(server, ['no'])).end, 1045)
      assert.equal((await tryFactors(server, ['no'])).end, 3955)
    }))

  it('T13 makes decoys that are asked for as many', () =>
    withDoor({ accounts: [{ ...either, failedLoginAttempts: 0 }] }, async (server) => {
      const seen: string[][] = []
      for (const user of ['u', 'nobody']) {
        const client = await RawClient.connect(server)
        const { nonce } = await client.greeting()
        client.send(login(user, scramble('no', nonce)), 1)
        const packets: string[] = []
        for (;;) {
          const { payload, sequenceId } = await client.packet()
          packets.push(
            payload
              .toString('latin1')
              .replace(/\0.{20}\0$/s, '')
              .replace(`'${user}'`, ''),
          )
          if (payload[0] !== 0xfe) break
          client.send(scramble('no', payload.subarray(-21, -1)), sequenceId + 1)
        }
        seen.push(packets)
        client.destroy()
      }
      assert.equal(seen[0]?.length, 3)
      assert.deepEqual(seen[1], seen[0])
    }))
})

function stored(plugin: string, password: string): Credential {
  const salt = new Uint8Array(20).fill(0x61)
  return { plugin, authString: plugins.get(plugin)?.store(text(password), salt, 5000) ?? '' }
}

/** Logs in by mysql_native_password; how many factors were asked for, and the last packet. */
async function tryFactors(server: TestDoor, given: readonly string[]) {
  const { client, last, factors } = await begin(server, given)
  client.destroy()
  return { factors, end: last.payload[0] === 0 ? 'OK' : codeOf(last) }
}

/** Answers as long as there is a password to answer with: an auth switch with the same, a next factor with the next. */
async function begin(server: TestDoor, given: readonly string[]) {
  const client = await RawClient.connect(server)
  const { nonce } = await client.greeting()
  client.send(login('u', scramble(given[0], nonce)), 1)
  let factors = 1
  let last = await client.packet()
  while (last.payload[0] === 0xfe || last.payload[0] === 2) {
    if (last.payload[0] === 2 && factors === given.length) break
    if (last.payload[0] === 2) factors++
    client.send(scramble(given[factors - 1], last.payload.subarray(-21, -1)), last.sequenceId + 1)
    last = await client.packet()
  }
  return { client, last, factors }
}

/** Full authentication of caching_sha2_password on a secure channel. */
async function sayFully(client: RawClient, password: string, sequenceId: number, how?: 'login'): Promise<void> {
  client.send(how === 'login' ? login('u', zeros(32), sha2) : zeros(32), sequenceId)
  const { payload } = await client.packet()
  assert.deepEqual([...payload], [1, 4])
  client.send(text(`${password}\0`), sequenceId + 2)
}

function login(user: string, proof: Uint8Array, plugin = native): Uint8Array {
  return handshakeResponse({ user, plugin, capabilities: multiFactor }, proof)
}

function codeOf({ payload }: RawPacket): number {
  assert.equal(payload[0], 0xff)
  return payload.readUInt16LE(1)
}

function twiceHashed(password: string): Uint8Array {
  const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest()
  return sha256(sha256(password))
}

function hex(data: Uint8Array): string {
  return Buffer.from(data).toString('hex')
}
