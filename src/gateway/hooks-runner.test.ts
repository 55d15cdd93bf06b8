import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Log } from '../server/log.ts'
import type { AuthResultSeen, ClientSeen, EndSeen, GreetingSeen, Hooks, LoginSeen } from './hooks.ts'
import { HookRunner } from './hooks-runner.ts'

const client: ClientSeen = {
  connectionId: 7,
  address: '198.51.100.7',
  port: 40_001,
  hostName: undefined,
  channel: 'plaintext',
  proxyTlvs: new Map([[0x01, Buffer.from('h2')]]),
}
const greeting: GreetingSeen = { serverVersion: '9.7.0', capabilities: 0xdf, plugin: 'sha', backend: undefined }
const login: LoginSeen = {
  user: 'mary',
  database: 'shop',
  plugin: 'caching_sha2_password',
  capabilities: 0x19bfa285,
  collationId: 255,
  attributes: new Map([['_pid', '1']]),
  certificate: { subject: '/CN=mary', issuer: '/CN=ca' },
}
const ok: AuthResultSeen = { is: 'ok', user: 'mary', backend: 'db-1', backendUser: 'app' }
const ended: EndSeen = { user: 'mary', backend: 'db-1', reason: undefined, aliveMs: 12 }
const failed = (hook: string) => ({
  do: 'refuse',
  reason: 'hook-failed',
  detail: `${hook} failed: the log has the error`,
})

describe('HookRunner', () => {
  it('says nothing where there is no hook, and makes no promise of it', () => {
    const { runner } = running({})
    assert.equal(runner.connectServer(client), undefined)
    assert.equal(runner.readHandshake(greeting, client), undefined)
    assert.equal(runner.readAuth(login, client), undefined)
    assert.equal(runner.readAuthResult(ok, client), undefined)
    assert.equal(runner.changeUser(login, client), undefined)
    assert.equal(runner.disconnect(ended, client), undefined)
  })

  it('answers at once where the hook does', () => {
    const { runner } = running({
      connectServer: () => ({ do: 'go', to: { backend: 'db-1' } }),
      readHandshake: () => ({ do: 'show', serverVersion: '8.4' }),
      readAuth() {},
      readAuthResult: () => ({ do: 'refuse', detail: 'why' }),
    })
    assert.deepEqual(runner.connectServer(client), { do: 'go', to: { backend: 'db-1' } })
    assert.deepEqual(runner.readHandshake(greeting, client), { do: 'show', serverVersion: '8.4' })
    assert.equal(runner.readAuth(login, client), undefined)
    assert.deepEqual(runner.readAuthResult(ok, client), { do: 'refuse', reason: 'hook-denied', detail: 'why' })
  })

  it('waits for a promise', async () => {
    const { runner } = running({
      readAuth: async ({ user }) => (user === 'mary' ? undefined : { do: 'refuse' }),
      connectServer: async () => ({ do: 'go', to: { role: 'replica' } }),
    })
    assert.deepEqual(await runner.connectServer(client), { do: 'go', to: { role: 'replica' } })
    assert.equal(await runner.readAuth(login, client), undefined)
    const other = await runner.readAuth({ ...login, user: 'eve' }, client)
    assert.deepEqual(other, { do: 'refuse', reason: 'hook-denied', detail: 'refused by readAuth' })
  })

  it('asks readAuth about a change of user where there is no changeUser', () => {
    const asked: string[] = []
    const readAuth = ({ user }: LoginSeen) => void asked.push(`readAuth ${user}`)
    const alone = running({ readAuth }).runner
    assert.equal(alone.has('changeUser'), true)
    alone.changeUser(login, client)
    running({ readAuth, changeUser: () => void asked.push('changeUser') }).runner.changeUser(login, client)
    assert.deepEqual(asked, ['readAuth mary', 'changeUser'])
  })

  it('tells which hooks there are', () => {
    const { runner } = running({ readAuthResult() {} })
    const names = ['connectServer', 'readHandshake', 'readAuth', 'readAuthResult', 'changeUser', 'disconnect'] as const
    assert.deepEqual(
      names.filter((name) => runner.has(name)),
      ['readAuthResult'],
    )
  })

  it('shows each hook what was seen', () => {
    const seen: unknown[] = []
    const keep = (...what: unknown[]) => void seen.push(what)
    const { runner } = running({
      connectServer: keep,
      readHandshake: keep,
      readAuth: keep,
      readAuthResult: keep,
      disconnect: keep,
    })
    runner.connectServer(client)
    runner.readHandshake(greeting, client)
    runner.readAuth(login, client)
    runner.readAuthResult(ok, client)
    runner.disconnect(ended, client)
    const shown = { ...client, proxyTlvs: new Map([[0x01, new Uint8Array(Buffer.from('h2'))]]) }
    assert.deepEqual(seen, [[shown], [greeting, shown], [login, shown], [ok, shown], [ended, shown]])
  })

  it('reads what it shows of a client from getters too', () => {
    class Client implements ClientSeen {
      connectionId = 1
      port = 1
      hostName = undefined
      channel = 'plaintext' as const
      proxyTlvs = undefined
      get address(): string {
        return '198.51.100.9'
      }
    }
    const addresses: unknown[] = []
    running({ connectServer: ({ address }) => void addresses.push(address) }).runner.connectServer(new Client())
    assert.deepEqual(addresses, ['198.51.100.9'])
  })

  it('keeps the hooks that it began with, and their this', () => {
    const hooks = {
      word: 'mine',
      readAuth() {
        return { do: 'refuse', detail: this.word } as const
      },
    }
    const { runner } = running(hooks)
    hooks.readAuth = () => ({ do: 'refuse', detail: 'replaced' }) as never
    assert.equal((runner.readAuth(login, client) as { detail: string }).detail, 'mine')
  })

  it('takes nothing for hooks that would never be asked, or asked in vain', () => {
    assert.throws(() => running({ readauth() {} } as Hooks), /no hook 'readauth'; did you mean 'readAuth'/)
    assert.throws(() => running({ readAuth: 'deny' } as never), /hooks\.readAuth must be a function/)
    for (const timeoutMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => running({}, timeoutMs), /hooks have more than 0/)
    }
  })
})

describe('a hook that changes what it is shown', () => {
  it('changes nothing for anybody else', () => {
    const { runner } = running({
      readAuth(login, client) {
        for (const shown of [login, client, login.certificate]) {
          assert.throws(() => Object.assign(shown as object, { user: 'root', channel: 'tls', subject: 'x' }), TypeError)
        }
        ;(login.attributes as Map<string, string>).set('role', 'admin')
        ;(client.proxyTlvs as Map<number, Uint8Array>).get(0x01)?.fill(0)
        ;(client.proxyTlvs as Map<number, Uint8Array>).clear()
      },
    })
    assert.equal(runner.readAuth(login, client), undefined)
    assert.deepEqual([...login.attributes], [['_pid', '1']])
    assert.equal(client.proxyTlvs?.get(0x01)?.toString(), 'h2')
  })
})

describe('a hook that fails', () => {
  const bad: Record<string, Hooks['readAuth']> = {
    throws() {
      throw new Error('secret text')
    },
    rejects: () => Promise.reject(new Error('secret text')),
    'throws nothing at all': () => {
      throw undefined
    },
    'answers null': () => null as never,
    'answers true': () => true as never,
    'resolves to false': () => Promise.resolve(false) as never,
    'names an unknown backend': () => ({ do: 'go', to: { backend: 'db-9' } }),
    'names one late': async () => ({ do: 'go', to: { backend: 'db-9' } }),
    'has a then that throws': () =>
      ({
        // biome-ignore lint/suspicious/noThenProperty: a promise of somebody else's making
        get then(): never {
          throw new Error('secret text')
        },
      }) as never,
    'answers with a trap': () =>
      new Proxy({} as never, {
        get() {
          throw new Error('secret text')
        },
      }),
  }
  for (const [how, readAuth] of Object.entries(bad)) {
    it(`refuses when it ${how}; what it said is in the log alone`, async () => {
      const { runner, logged } = running({ readAuth } as Hooks)
      const outcome = await runner.readAuth(login, client)
      assert.deepEqual(outcome, failed('readAuth'))
      assert.equal(logged.length, 1)
      const { connection, hook } = logged[0] as { connection: number; hook: string }
      assert.deepEqual([connection, hook], [7, 'readAuth'])
    })
  }

  it('leaves its error to the log', () => {
    const { runner, logged } = running({ readAuth: bad.throws as () => never })
    runner.readAuth(login, client)
    assert.equal((logged[0] as { err: Error }).err.message, 'secret text')
  })

  it('refuses by the name of the hook that was to be asked', () => {
    const { runner } = running({ readAuth: bad.throws as () => never })
    assert.deepEqual(runner.changeUser(login, client), failed('changeUser'))
  })
})

describe('a hook that takes its time', () => {
  it('refuses at the deadline, not before it', async (test) => {
    const { runner, logged, ticking } = running({ connectServer: () => new Promise(() => {}) }, 100, test)
    let settled = false
    const outcome = Promise.resolve(runner.connectServer(client)).finally(() => {
      settled = true
    })
    ticking(99)
    await nextTurn()
    assert.equal(settled, false)
    ticking(1)
    assert.deepEqual(await outcome, failed('connectServer'))
    assert.match((logged[0] as { err: Error }).err.message, /no answer within 100 ms/)
  })

  it('changes nothing by an answer after the deadline', async (test) => {
    const { promise, resolve } = Promise.withResolvers<{ do: 'go' }>()
    const { runner, logged, ticking } = running({ readAuth: () => promise }, 100, test)
    const outcome = runner.readAuth(login, client)
    ticking(100)
    assert.deepEqual(await outcome, failed('readAuth'))
    resolve({ do: 'go' })
    await nextTurn()
    assert.deepEqual(await outcome, failed('readAuth'))
    assert.equal(logged.length, 1)
  })

  it('may reject after the deadline, which nobody hears', async (test) => {
    const { promise, reject } = Promise.withResolvers<undefined>()
    const { runner, logged, ticking } = running({ readAuth: () => promise }, 100, test)
    const outcome = runner.readAuth(login, client)
    ticking(100)
    await outcome
    // The test runner fails a test that leaves a rejection unheard.
    reject(new Error('too late'))
    await nextTurn()
    assert.equal(logged.length, 1)
  })

  it('leaves no timer behind once it has answered', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
    const before = timers()
    const { runner } = running({ readAuth: async () => ({ do: 'go' }) as const })
    const outcome = runner.readAuth(login, client)
    assert.equal(timers(), before + 1)
    assert.deepEqual(await outcome, { do: 'go' })
    assert.equal(timers(), before)
  })
})

describe('disconnect', () => {
  it('is called once for each connectServer, even where there is no such hook', () => {
    const ends: number[] = []
    const { runner } = running({ disconnect: (_ended, { connectionId }) => void ends.push(connectionId) })
    runner.disconnect(ended, client)
    assert.deepEqual(ends, [], 'of a connection that never began')
    runner.connectServer(client)
    runner.connectServer({ ...client, connectionId: 8 })
    runner.disconnect(ended, client)
    runner.disconnect(ended, client)
    runner.disconnect(ended, { ...client, connectionId: 8 })
    assert.deepEqual(ends, [7, 8])
  })

  it('is called once though it ends its own connection', () => {
    const ends: number[] = []
    const { runner } = running({
      disconnect(ended, client) {
        ends.push(client.connectionId)
        runner.disconnect(ended, client)
      },
    })
    runner.connectServer(client)
    runner.disconnect(ended, client)
    assert.deepEqual(ends, [7])
  })

  it('is called for a connection that connectServer refused, by failing too', () => {
    let ends = 0
    const { runner } = running({
      connectServer() {
        throw new Error('no')
      },
      disconnect: () => void ends++,
    })
    assert.deepEqual(runner.connectServer(client), failed('connectServer'))
    runner.disconnect({ ...ended, reason: 'hook-failed' }, client)
    assert.equal(ends, 1)
  })

  for (const [how, disconnect] of Object.entries<NonNullable<Hooks['disconnect']>>({
    throws() {
      throw new Error('no')
    },
    rejects: () => Promise.reject(new Error('no')),
  })) {
    it(`is only logged when it ${how}`, async () => {
      const { runner, logged } = running({ disconnect })
      runner.connectServer(client)
      await runner.disconnect(ended, client)
      assert.deepEqual(
        logged.map((facts) => (facts as { hook: string }).hook),
        ['disconnect'],
      )
    })
  }

  it('is waited for until the deadline, and no longer', async (test) => {
    const { runner, logged, ticking } = running({ disconnect: () => new Promise(() => {}) }, 100, test)
    runner.connectServer(client)
    const over = runner.disconnect(ended, client)
    ticking(100)
    await over
    assert.match((logged[0] as { err: Error }).err.message, /no answer within 100 ms/)
  })

  it('may answer what it likes', async () => {
    const { runner, logged } = running({ disconnect: (() => ({ do: 'refuse' })) as () => void })
    runner.connectServer(client)
    assert.equal(runner.disconnect(ended, client), undefined)
    assert.deepEqual(logged, [])
  })
})

/** With `test`, time stands still until `ticking` moves it. */
function running(hooks: Hooks, timeoutMs = 5000, test?: TestContext) {
  const logged: object[] = []
  const log: Log = { debug() {}, info() {}, warn() {}, error: (facts) => void logged.push(facts) }
  test?.mock.timers.enable({ apis: ['setTimeout'] })
  const runner = new HookRunner(hooks, { timeoutMs, log, knows: (backend) => backend === 'db-1' })
  return { runner, logged, ticking: (ms: number) => test?.mock.timers.tick(ms) }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
