/** Of how many logins it is found out what was wrong with them, and of which not. */
import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { type TestDoor, until, withDoor } from '../../test/support/door.ts'
import { type Bytes, knock, native, utf8, withNul } from '../../test/support/wrong-client.ts'

describe('saltgate_near_proofs', () => {
  const tooMuch = (nonce: Bytes) => native(utf8('pw'), withNul(nonce))

  /** A door whose clock stands still, and how many of its refusals have a detail. */
  async function withStill(limit: number, use: (server: TestDoor, explained: () => number) => Promise<void>) {
    const named = ['a', 'b', 'c', 'd'].map((user) => ({ user, plugin: 'mysql_native_password', password: 'pw' }))
    const far = { user: 'far', host: '10.0.0.1', plugin: 'mysql_native_password', password: 'pw-far' }
    await withDoor({ accounts: [...named, far], settings: { saltgate_near_proofs: limit } }, async (server) => {
      const now = Date.now()
      server.door.now = () => now
      const { registry } = server.door
      await use(server, () => registry.history().filter(({ detail }) => detail !== undefined).length)
    })
  }

  it('0 keeps nothing of a login, and explains none', async () => {
    await withStill(0, async (server, explained) => {
      assert.equal(server.door.nearProofs.follow(), undefined)
      assert.equal(await knock(server, { user: 'a', answer: tooMuch }), 1045)
      await settled()
      assert.equal(explained(), 0)
      server.door.settings.setGlobal('saltgate_near_proofs', 1)
      assert.equal(await knock(server, { user: 'a', answer: tooMuch }), 1045)
      await until(() => explained() === 1, 'the next one is explained')
    })
  })

  it('is how many are explained in a second', async () => {
    await withStill(2, async (server, explained) => {
      for (const user of ['a', 'b', 'c', 'd']) await knock(server, { user, answer: tooMuch })
      await until(() => explained() === 2, 'two are explained')
      await settled()
      assert.equal(explained(), 2)
      const next = server.door.now() + 1000
      server.door.now = () => next
      await knock(server, { user: 'd', answer: tooMuch })
      await until(() => explained() === 3, 'one of the next second is explained')
    })
  })

  it('explains one login of an account in a second, whatever the limit', async () => {
    await withStill(1000, async (server, explained) => {
      for (let i = 0; i < 5; i++) await knock(server, { user: 'a', answer: tooMuch })
      await knock(server, { user: 'b', answer: tooMuch })
      await until(() => explained() === 2, 'one of each is explained')
      await settled()
      assert.equal(explained(), 2)
    })
  })

  it('reads a password that came with the login', async () => {
    const plugin = 'sha256_password'
    const settings = { default_authentication_plugin: plugin }
    await withDoor({ accounts: [{ user: 'shb', plugin, password: 'pw-shb' }], settings }, async (server) => {
      const client = { user: 'shb', plugin, via: 'tls', answer: () => utf8('pw-shb\n\0') } as const
      assert.equal(await knock(server, client), 1045)
      const said = () => server.door.registry.history()[0]?.detail
      await until(() => said() !== undefined, 'it is explained')
      assert.equal(said(), 'the client has a newline behind the password')
    })
  })

  it('names a row of the user that is for other hosts, though the login met none', async () => {
    await withStill(1000, async (server, explained) => {
      assert.equal(await knock(server, { user: 'far', answer: (nonce) => native(utf8('pw-far'), nonce) }), 1045)
      await until(() => explained() === 1, 'it is explained')
      const { reason, detail } = server.door.registry.history()[0] ?? {}
      assert.equal(reason, 'unknown-account')
      assert.equal(detail, "right password for 'far'@'10.0.0.1', but that row is not for this host")
    })
  })

  it('has no part in a login with the right password, nor in one that nothing explains', async () => {
    await withStill(1000, async (server, explained) => {
      assert.equal(await knock(server, { user: 'a', answer: (nonce) => native(utf8('pw'), nonce) }), 'ok')
      assert.equal(await knock(server, { user: 'b', answer: (nonce) => native(utf8('another'), nonce) }), 1045)
      assert.equal(await knock(server, { user: 'nobody', answer: tooMuch }), 1045)
      assert.equal(await knock(server, { user: 'c', answer: () => new Uint8Array(0) }), 1045)
      await settled()
      assert.equal(explained(), 0)
      assert.equal(server.door.registry.status.Saltgate_near_proofs, 0)
    })
  })

  it('takes the same crypts for every user, known or not, remembered or not, whether or not a guess is near', async () => {
    const sha2 = 'caching_sha2_password'
    const sha = [
      { user: 'cold', plugin: sha2, password: 'a long password' },
      { user: 'warm', plugin: sha2, password: 'a long password' },
      { user: 'near', plugin: sha2, password: 'Guessed It' },
      { user: 'rows', host: 'localhost', plugin: sha2, password: 'a long password' },
      { user: 'rows', host: '%', plugin: sha2, password: 'another one' },
      { user: 'rows', host: '10.0.0.1', plugin: sha2, password: 'gUESSED iT' },
      { user: 'else', host: '10.0.0.1', plugin: sha2, password: 'gUESSED iT' },
    ]
    await withDoor({ accounts: sha, settings: { saltgate_near_proofs: 1000 } }, async (server) => {
      const { door } = server
      let now = Date.now()
      door.now = () => (now += 1000)
      const client = (user: string, password: string) => ({
        user,
        plugin: sha2,
        via: 'unix-socket' as const,
        answer: () => new Uint8Array(32),
        full: () => withNul(utf8(password)),
      })
      assert.equal(await knock(server, client('warm', 'a long password')), 'ok')
      const check = mock.method(door.secrets, 'check')
      const jobs: Record<string, string[]> = {}
      for (const user of ['cold', 'warm', 'near', 'rows', 'else', 'nobody']) {
        const before = check.mock.callCount()
        assert.equal(await knock(server, client(user, 'gUESSED iT')), 1045)
        let seen = -1
        // Until no check has come for as long as one takes.
        while (seen !== check.mock.callCount()) {
          seen = check.mock.callCount()
          await Promise.allSettled(check.mock.calls.map(({ result }) => result))
          await settled()
        }
        jobs[user] = check.mock.calls
          .slice(before)
          .map(({ arguments: [job] }) => (job?.authStrings ?? []).map((stored) => stored.slice(0, 7)).join())
      }
      const one = '$A$005$'
      // For the verdict; then the other rows at once, then what "gUESSED iT" may come from.
      const all = [one, Array(4).fill(one).join(), ...Array(4).fill(one)]
      for (const [user, done] of Object.entries(jobs)) assert.deepEqual(done, all, user)
      const details = door.registry.history().map(({ record, detail }) => [record.login?.user, detail])
      const chosen = "but the row chosen was 'rows'@'localhost'"
      assert.deepEqual(Object.fromEntries(details.slice(1)), {
        cold: undefined,
        warm: undefined,
        near: 'the client swapped the case of the password (Caps Lock)',
        rows: `right password for 'rows'@'10.0.0.1', ${chosen}`,
        else: "right password for 'else'@'10.0.0.1', but that row is not for this host",
        nobody: undefined,
      })
    })
  })

  /** What was put off by setImmediate has run. */
  async function settled(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
})
