/** The hooks in examples/, asked without a gateway. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { audit } from '../../examples/gateway-audit.ts'
import { balance } from '../../examples/gateway-balance.ts'
import { hooks as denyByAddress } from '../../examples/gateway-deny-by-address.ts'
import { maintenance } from '../../examples/gateway-maintenance.ts'
import { hooks as mapUsers } from '../../examples/gateway-map-users.ts'
import { hooks as routeByUser } from '../../examples/gateway-route-by-user.ts'
import type { AuthResultSeen, ClientSeen, Hooks, LoginSeen } from '../../src/gateway/hooks.ts'
import { type RecordedLogin, replayHooks } from '../../src/gateway/hooks-replay.ts'
import { HookRunner } from '../../src/gateway/hooks-runner.ts'
import { silentLog } from '../../src/server/log.ts'
import { scratch } from '../support/cli.ts'

const client: ClientSeen = {
  connectionId: 1,
  address: '10.1.2.3',
  port: 40_001,
  hostName: undefined,
  channel: 'plaintext',
  proxyTlvs: undefined,
}
const login: LoginSeen = {
  user: 'mary',
  database: undefined,
  plugin: 'caching_sha2_password',
  capabilities: 0x19bfa285,
  collationId: 255,
  attributes: new Map(),
  certificate: undefined,
}
const ok: AuthResultSeen = { is: 'ok', user: 'mary', backend: 'db-1', backendUser: 'app' }

it('every example of hooks is tested here, and is what a configuration holds', async () => {
  const files = readdirSync(join(import.meta.dirname, '../../examples')).filter((name) => name.startsWith('gateway-'))
  const here = readFileSync(import.meta.filename, 'utf8')
  for (const file of files) {
    assert.ok(here.includes(`/${file}'`), file)
    const { default: config } = await import(`../../examples/${file}`)
    new HookRunner(config.gateway.hooks, { timeoutMs: 1, log: silentLog, knows: () => true })
  }
  assert.equal(files.length, 6)
})

describe('gateway-balance', () => {
  const runner = () => new HookRunner(balance(['a', 'b', 'c']), { timeoutMs: 5, log: silentLog, knows: () => true })
  const arrive = (to: HookRunner, connectionId: number) => {
    const decision = to.connectServer({ ...client, connectionId })
    assert.ok(decision !== undefined && 'to' in decision)
    return decision.to?.backend
  }
  const leave = (from: HookRunner, connectionId: number) =>
    from.disconnect({ user: undefined, backend: undefined, reason: undefined, aliveMs: 1 }, { ...client, connectionId })

  it('takes the backends in turn while all have as many clients', () => {
    const to = runner()
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6, 7].map((id) => arrive(to, id)),
      ['a', 'b', 'c', 'a', 'b', 'c', 'a'],
    )
  })

  it('sends the next client to where some have left', () => {
    const to = runner()
    for (const id of [1, 2, 3, 4, 5, 6]) arrive(to, id)
    leave(to, 2)
    leave(to, 5)
    leave(to, 5)
    assert.deepEqual([arrive(to, 7), arrive(to, 8), arrive(to, 9)], ['b', 'b', 'a'])
  })

  it('goes on alone where clients come and leave one by one', () => {
    const to = runner()
    const backends = [1, 2, 3, 4].map((id) => {
      const backend = arrive(to, id)
      leave(to, id)
      return backend
    })
    assert.deepEqual(backends, ['a', 'b', 'c', 'a'])
  })
})

describe('gateway-deny-by-address', () => {
  for (const address of ['10.0.0.1', '127.0.0.1', 'fd00::7', undefined]) {
    it(`lets ${address ?? 'a unix socket'} in`, async () => {
      assert.equal(await decided(denyByAddress, { client: { ...client, address } }), undefined)
    })
  }
  for (const address of ['198.51.100.7', '2001:db8::7', '11.0.0.1']) {
    it(`refuses ${address} with the words of MySQL`, async () => {
      const decision = await decided(denyByAddress, { client: { ...client, address } })
      assert.ok(decision?.do === 'refuse')
      const { error, reason, detail } = decision
      assert.equal(error?.message, `Host '${address}' is not allowed to connect to this MySQL server`)
      assert.deepEqual([error?.code, reason, detail], [1130, 'hook-denied', 'not from a known network'])
    })
  }
})

describe('gateway-map-users', () => {
  const as = { user: 'app_rw', credential: { env: 'APP_RW_PASSWORD' } }

  it('maps whom it knows, at the login and at a change of user', async () => {
    const alice = { ...login, user: 'alice' }
    assert.deepEqual(await decided(mapUsers, { login: alice }), { do: 'go', as })
    const replayed = await replayHooks(mapUsers, { ...recorded, changes: [{ login: alice, results: [] }] })
    assert.deepEqual(
      replayed.map(({ hook, decision }) => [hook, decision]),
      [
        ['readAuth', undefined],
        ['changeUser', { do: 'go', as }],
      ],
    )
  })

  it('leaves others as they are, whatever they are called', async () => {
    for (const user of ['mary', 'Alice', '__proto__', '']) {
      assert.equal(await decided(mapUsers, { login: { ...login, user } }), undefined, user)
    }
  })
})

describe('gateway-audit', () => {
  it('writes a line for the verdict and one for the end, and none that a client made up', async () => {
    using directory = scratch()
    const file = join(directory.path, 'logins.jsonl')
    const user = 'mary\n{"event":"in","user":"root"}'
    await replayHooks(audit(file), {
      ...recorded,
      results: [
        { is: 'more-data', bytes: 1 },
        { ...ok, user },
      ],
    })
    const err = { is: 'err', code: 1045, sqlState: '28000', message: 'no', reason: 'secret-mismatch' } as const
    await replayHooks(audit(file), { ...recorded, results: [err] })
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    const events = lines.map((line) => JSON.parse(line)).map(({ event, user, reason }) => [event, user, reason])
    assert.deepEqual(events, [
      ['in', user, undefined],
      ['end', user, undefined],
      ['refused', undefined, 'secret-mismatch'],
      ['end', undefined, 'secret-mismatch'],
    ])
    assert.equal(statSync(file).mode & 0o777, 0o600)
  })

  it('lets nobody in whose line cannot be written', async () => {
    using directory = scratch()
    const [verdict] = await replayHooks(audit(directory.path), recorded)
    assert.ok(verdict?.hook === 'readAuthResult' && verdict.decision?.do === 'refuse')
    assert.equal(verdict.decision.reason, 'hook-failed')
  })
})

describe('gateway-route-by-user', () => {
  it('sends readers to a replica and all others to the primary', async () => {
    const replica = { do: 'go', to: { role: 'replica' } }
    assert.deepEqual(await decided(routeByUser, { login: { ...login, user: 'report_ro' } }), replica)
    const attributes = new Map([['access', 'read-only']])
    assert.deepEqual(await decided(routeByUser, { login: { ...login, attributes } }), replica)
    assert.deepEqual(await decided(routeByUser, {}), { do: 'go', to: { role: 'primary' } })
  })
})

describe('gateway-maintenance', () => {
  it('refuses all but administrators while the file is there', async () => {
    using directory = scratch()
    const file = join(directory.path, 'maintenance')
    const hooks = maintenance(file, ['root'])
    assert.equal(await decided(hooks, {}), undefined)
    writeFileSync(file, '')
    const decision = await decided(hooks, {})
    assert.ok(decision?.do === 'refuse')
    assert.deepEqual([decision.error?.code, decision.error?.message], [3032, 'The server is currently in offline mode'])
    assert.equal(await decided(hooks, { login: { ...login, user: 'root' } }), undefined)
    rmSync(file)
    assert.equal(await decided(hooks, {}), undefined)
  })
})

const recorded: RecordedLogin = {
  client,
  greeting: { serverVersion: '9.7.0', capabilities: 0xdf, plugin: 'caching_sha2_password', backend: undefined },
  login,
  results: [ok],
  aliveMs: 30,
}

/** What the first hook decided. */
async function decided(hooks: Hooks, changes: Partial<RecordedLogin>) {
  const [first] = await replayHooks(hooks, { ...recorded, ...changes })
  assert.ok(first !== undefined)
  return first.decision
}
