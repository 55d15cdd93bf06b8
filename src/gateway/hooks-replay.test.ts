import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Hooks } from './hooks.ts'
import { type RecordedLogin, replayHooks } from './hooks-replay.ts'

const recorded: RecordedLogin = {
  client: {
    connectionId: 8,
    address: '198.51.100.7',
    port: 40_001,
    hostName: undefined,
    channel: 'tls',
    proxyTlvs: undefined,
  },
  greeting: { serverVersion: '9.7.0', capabilities: 0xdf, plugin: 'caching_sha2_password', backend: 'db-1' },
  login: {
    user: 'mary',
    database: undefined,
    plugin: 'caching_sha2_password',
    capabilities: 0x19bfa285,
    collationId: 255,
    attributes: new Map(),
    certificate: undefined,
  },
  results: [
    { is: 'auth-switch', plugin: 'mysql_native_password' },
    { is: 'ok', user: 'mary', backend: 'db-1', backendUser: 'app' },
  ],
  aliveMs: 30,
}
const login = recorded.login as NonNullable<RecordedLogin['login']>
const all: Required<Hooks> = {
  connectServer() {},
  readHandshake() {},
  readAuth() {},
  readAuthResult() {},
  changeUser() {},
  disconnect() {},
}
const ended = { user: 'mary', backend: 'db-1', reason: undefined, aliveMs: 30 }

describe('replayHooks', () => {
  it('asks each hook in the order of the connection, about what was recorded', async () => {
    const change = { login: { ...login, user: 'bob' }, results: [{ ...recorded.results[1], user: 'bob' } as never] }
    const replayed = await replayHooks(all, { ...recorded, changes: [change] })
    assert.deepEqual(
      replayed.map(({ hook, seen }) => [hook, seen]),
      [
        ['connectServer', { ...recorded.client, channel: 'plaintext' }],
        ['readHandshake', recorded.greeting],
        ['readAuth', login],
        ['readAuthResult', recorded.results[0]],
        ['readAuthResult', recorded.results[1]],
        ['changeUser', change.login],
        ['readAuthResult', change.results[0]],
        ['disconnect', { ...ended, user: 'bob' }],
      ],
    )
    assert.ok(replayed.every(({ decision }) => decision === undefined))
  })

  it('shows TLS from the login on', async () => {
    const channels: string[] = []
    const hooks: Hooks = {
      connectServer: ({ channel }) => void channels.push(channel),
      readHandshake: (_greeting, { channel }) => void channels.push(channel),
      readAuth: (_login, { channel }) => void channels.push(channel),
    }
    await replayHooks(hooks, recorded)
    await replayHooks(hooks, { ...recorded, client: { ...recorded.client, channel: 'unix-socket' } })
    assert.deepEqual(channels, ['plaintext', 'plaintext', 'tls', 'unix-socket', 'unix-socket', 'unix-socket'])
  })

  it('tells only of hooks that there are', async () => {
    const replayed = await replayHooks({ readAuth: () => ({ do: 'go' }) }, recorded)
    assert.deepEqual(replayed, [{ hook: 'readAuth', seen: login, decision: { do: 'go' } }])
  })

  for (const hook of ['connectServer', 'readHandshake', 'readAuth', 'readAuthResult'] as const) {
    it(`ends where ${hook} refuses, with the reason for disconnect`, async () => {
      const replayed = await replayHooks({ ...all, [hook]: () => ({ do: 'refuse', detail: 'no' }) }, recorded)
      const [refused, last] = replayed.slice(-2)
      assert.deepEqual([refused?.hook, last?.hook], [hook, 'disconnect'])
      assert.deepEqual(refused?.decision, { do: 'refuse', reason: 'hook-denied', detail: 'no' })
      assert.deepEqual(last?.seen, { user: undefined, backend: undefined, reason: 'hook-denied', aliveMs: 30 })
    })
  }

  it('stops where the recording does', async () => {
    const asked = async (changes: Partial<RecordedLogin>) =>
      (await replayHooks(all, { ...recorded, ...changes })).map(({ hook }) => hook)
    assert.deepEqual(await asked({ greeting: undefined }), ['connectServer', 'disconnect'])
    assert.deepEqual(await asked({ login: undefined }), ['connectServer', 'readHandshake', 'disconnect'])
    assert.deepEqual(await asked({ results: [] }), ['connectServer', 'readHandshake', 'readAuth', 'disconnect'])
  })

  it('hands on the reason of a recorded refusal', async () => {
    const err = { is: 'err', code: 1045, sqlState: '28000', message: 'no', reason: 'secret-mismatch' } as const
    const replayed = await replayHooks({ disconnect() {} }, { ...recorded, results: [err] })
    const seen = { user: undefined, backend: undefined, reason: 'secret-mismatch', aliveMs: 30 }
    assert.deepEqual(replayed, [{ hook: 'disconnect', seen, decision: undefined }])
  })

  it('fails closed as the gateway does, and knows only the backends that it is told of', async () => {
    const hooks: Hooks = { readAuth: () => ({ do: 'go', to: { backend: 'db-2' } }) }
    const [anywhere] = await replayHooks(hooks, recorded)
    assert.equal(anywhere?.decision?.do, 'go')
    const [nowhere] = await replayHooks(hooks, recorded, { backends: ['db-1'] })
    assert.equal(nowhere?.decision?.do === 'refuse' && nowhere.decision.reason, 'hook-failed')
  })

  it('comes to an end with hooks that never answer', async () => {
    const hooks: Hooks = { readAuth: () => new Promise(() => {}), disconnect: () => new Promise(() => {}) }
    const [stuck] = await replayHooks(hooks, recorded, { timeoutMs: 5 })
    assert.equal(stuck?.decision?.do === 'refuse' && stuck.decision.reason, 'hook-failed')
  })
})
