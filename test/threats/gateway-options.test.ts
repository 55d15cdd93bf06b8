/** T52: every option of a gateway changes something that can be seen, and what was learned of a password is void when it should be. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as later } from 'node:timers/promises'
import { connect } from '../../src/client/connect.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { MysqlError } from '../../src/errors/errors.ts'
import type { BackendOptions } from '../../src/gateway/backend.ts'
import type { GatewayRules } from '../../src/gateway/gateway.ts'
import type { PoolLimits } from '../../src/gateway/pool.ts'
import type { Rule } from '../../src/gateway/rules.ts'
import { capability } from '../../src/packets/capabilities.ts'
import { LyingBackend } from '../gateway/lying-backend.ts'
import { openViewedDoor, type ViewedDoor } from '../gateway/viewed-door.ts'
import { until } from '../support/door.ts'
import { openTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts'
import { crowd } from './measure.ts'
import { Stranger } from './stranger.ts'

const password = 'right'
const native = 'mysql_native_password'
const behind = { password: 'behind' }

/** How a gateway is opened with the option one way and the other, and what is seen of it. */
interface Toggle {
  readonly one: Setup
  readonly other: Setup
  readonly see: (gateway: TestGateway) => Promise<unknown>
}

type Setup = Omit<Partial<TestGatewayOptions>, 'backends'> & { readonly backends?: readonly Partial<BackendOptions>[] }

const own: Rule = { way: 'own', credentials: behind }
const ruled = (...rules: Rule[]): Setup => ({ rules })
const pooled = (pool: Partial<PoolLimits>, rule = own): Setup => ({ rules: [rule], pool })
const backed = (...backends: Partial<BackendOptions>[]): Setup => ({ rules: [own], backends })

describe('an option of a gateway', { timeout: 30_000, concurrency: 4 }, () => {
  let viewed: ViewedDoor
  /** It offers all that there is. */
  let liar: LyingBackend
  let directory: string

  before(async () => {
    viewed = await openViewedDoor([
      { user: 'own', plugin: native, password: 'behind' },
      { user: 'shared', plugin: native, password: 'behind' },
      { user: 'there', plugin: native, password },
    ])
    liar = await LyingBackend.open()
    directory = mkdtempSync(join(tmpdir(), 'saltgate-options-'))
    writeFileSync(join(directory, 'password'), 'behind\n', { mode: 0o600 })
  })

  after(async () => {
    await liar.close()
    await viewed.close()
    rmSync(directory, { recursive: true })
  })

  async function opened(setup: Setup, see: Toggle['see']): Promise<unknown> {
    const { backends = [{}], ...rest } = setup
    const places: Readonly<Record<string, ConnectOptions>> = {
      far: { host: '::ffff:127.0.0.1', port: viewed.door.port },
      liar: { host: '127.0.0.1', port: liar.port },
    }
    const here = { host: '127.0.0.1', port: viewed.door.port }
    const gateway = await openTestGateway({
      accounts: ['own', 'other'].map((user) => ({ user, plugin: native, password })),
      ...rest,
      backends: backends.map((one, i) => ({
        name: `b${i}`,
        connect: { ...(places[one.name ?? ''] ?? here), tls: { mode: 'DISABLED' } },
        ...one,
      })),
    })
    try {
      return await see(gateway)
    } finally {
      await until(() => gateway.front.door.registry.live.size === 0, 'all have left')
      await gateway.abandon()
    }
  }

  const rules: Record<keyof GatewayRules, Toggle> = {
    rules: { one: ruled(own), other: ruled({ way: 'refuse' }), see: entering('own') },
    base: {
      one: { rules: [{ way: 'own', credentials: { file: 'password' } }], with: { base: '/nowhere' } },
      other: { rules: [{ way: 'own', credentials: { file: 'password' } }] },
      see: entering('own'),
    },
    hooks: {
      one: ruled(own),
      other: { rules: [own], with: { hooks: { readAuth: () => ({ do: 'refuse', code: 1999 }) } } },
      see: entering('own'),
    },
    hookTimeoutMs: {
      one: { rules: [own], with: { hooks: { readAuth: () => later(150) }, hookTimeoutMs: 20 } },
      other: { rules: [own], with: { hooks: { readAuth: () => later(150) }, hookTimeoutMs: 5000 } },
      see: entering('own'),
    },
    backendAccounts: { one: ruled({ way: 'backend' }), other: ruled({ way: 'backend' }), see: entering('there') },
    tlsPolicy: {
      one: { ...backed({ name: 'far' }), with: { tlsPolicy: 'any' } },
      other: { ...backed({ name: 'far' }), with: { tlsPolicy: 'backend-at-least-client' } },
      see: entering('own', { tls: { mode: 'REQUIRED' } }),
    },
    localInfile: {
      one: { ...backed({ name: 'liar' }), with: { localInfile: true } },
      other: { ...backed({ name: 'liar' }), with: { localInfile: false } },
      see: offering(capability.LOCAL_FILES),
    },
    compression: {
      one: { with: { compression: true } },
      other: { with: { compression: false } },
      see: offering(capability.COMPRESS),
    },
    serverVersion: {
      one: { with: { serverVersion: '5.7.99-mine' } },
      other: {},
      see: async (gateway) => gateway.gateway.policy(undefined)?.serverVersion,
    },
  }

  const pool: Record<keyof PoolLimits, Toggle> = {
    maxPerIdentity: {
      one: pooled({ maxPerIdentity: 1, queueMs: 1 }),
      other: pooled({ maxPerIdentity: 2, queueMs: 1 }),
      see: twoAtOnce,
    },
    maxIdle: { one: pooled({ maxIdle: 1 }), other: pooled({ maxIdle: 2 }), see: idleAfter(2, 100) },
    idleTimeoutMs: { one: pooled({ idleTimeoutMs: 1 }), other: pooled({ idleTimeoutMs: 0 }), see: idleAfter(1, 1300) },
    lifetimeMs: { one: pooled({ lifetimeMs: 1 }), other: pooled({ lifetimeMs: 0 }), see: idleAfter(1, 100) },
    queueMs: {
      one: pooled({ maxPerIdentity: 1, queueMs: 1 }),
      other: pooled({ maxPerIdentity: 1, queueMs: 8000 }),
      see: oneBehindTheOther,
    },
    maxWaiting: {
      one: pooled({ maxPerIdentity: 1, maxWaiting: 0 }),
      other: pooled({ maxPerIdentity: 1, maxWaiting: 1 }),
      see: oneBehindTheOther,
    },
  }

  const ofRules: Record<Exclude<keyof Rule, 'name'>, Toggle> = {
    user: { one: ruled({ ...own, user: 'o%' }), other: ruled({ ...own, user: 'p%' }), see: entering('own') },
    host: { one: ruled({ ...own, host: '127.%' }), other: ruled({ ...own, host: '10.%' }), see: entering('own') },
    way: { one: ruled(own), other: ruled({ way: 'relay' }), see: entering('own') },
    check: {
      one: ruled({ way: 'mapped', as: { user: 'shared', credential: behind } }),
      other: ruled({ way: 'mapped', as: { user: 'shared', credential: behind }, check: 'backend' }),
      see: entering('there'),
    },
    credentials: {
      one: ruled(own),
      other: ruled({ way: 'own', credentials: { password: 'x' } }),
      see: entering('own'),
    },
    as: {
      one: ruled({ way: 'mapped', as: { user: 'shared', credential: behind } }),
      other: ruled({ way: 'mapped', as: { user: 'own', credential: behind } }),
      see: entering('other'),
    },
    to: {
      one: { rules: [{ ...own, to: { role: 'replica' } }], backends: [{ role: 'primary' }] },
      other: { rules: [{ ...own, to: { role: 'primary' } }], backends: [{ role: 'primary' }] },
      see: entering('own'),
    },
    pool: { one: pooled({}, { ...own, pool: 'off' }), other: pooled({}), see: idleAfter(1, 50) },
  }

  const ofBackends: Record<Exclude<keyof BackendOptions, 'connect'>, Toggle> = {
    name: {
      one: { rules: [{ ...own, to: { backend: 'here' } }], backends: [{ name: 'here' }] },
      other: { rules: [own], backends: [{ name: 'there' }] },
      see: async (gateway) => gateway.gateway.backends.all.map(({ name }) => name),
    },
    weight: { one: backed({ weight: 0 }, {}), other: backed({}, { weight: 0 }), see: chosen },
    role: {
      one: { rules: [{ ...own, to: { role: 'replica' } }], backends: [{ role: 'replica' }] },
      other: { rules: [{ ...own, to: { role: 'replica' } }], backends: [{ role: 'primary' }] },
      see: entering('own'),
    },
    // The backend here expects no header: to it this is no login.
    sendProxy: { one: backed({}), other: backed({ sendProxy: 'v2' }), see: entering('own') },
    maxConnections: {
      one: { ...backed({ maxConnections: 1 }), pool: { queueMs: 1 } },
      other: { ...backed({ maxConnections: 2 }), pool: { queueMs: 1 } },
      see: twoAtOnce,
    },
  }

  const all = { ...rules, ...prefixed('pool.', pool), ...prefixed('rule.', ofRules), ...prefixed('to.', ofBackends) }
  for (const [name, { one, other, see }] of Object.entries(all)) {
    it(`T52 can be seen to be what it is: ${name}`, async () => {
      const without = name === 'backendAccounts'
      const accounts: Setup['with'] = { backendAccounts: viewed.accounts }
      const how = (setup: Setup, bare: boolean): Setup =>
        bare ? setup : { ...setup, with: { ...accounts, base: directory, ...setup.with } }
      assert.notDeepEqual(await opened(how(one, without), see), await opened(how(other, false), see))
    })
  }
})

describe('what was learned of a password', { timeout: 30_000 }, () => {
  let viewed: ViewedDoor
  let gateway: TestGateway

  before(async () => {
    viewed = await openViewedDoor([
      { user: 'known', password },
      { user: 'changing', password },
    ])
    gateway = await openTestGateway({
      backends: [
        {
          name: 'one',
          connect: { host: '127.0.0.1', port: viewed.door.port, tls: { mode: 'DISABLED' }, getServerPublicKey: true },
        },
      ],
      rules: [{ way: 'backend', pool: 'off' }],
      with: { backendAccounts: viewed.accounts },
      settings: { max_connections: 1000, max_connect_errors: 1_000_000 },
    })
  })

  after(async () => {
    await gateway.close().finally(() => viewed.close())
    assert.deepEqual(gateway.errors, [])
  })

  const enter = async (user: string, said = password) => {
    const options = { host: '127.0.0.1', port: gateway.port, user, password: said, getServerPublicKey: true }
    await (await connect({ ...options, tls: { mode: 'DISABLED' } })).close()
  }

  const counts = () => {
    const { Saltgate_fast_authentications: fast, Saltgate_full_authentications: full } =
      gateway.front.door.registry.status
    return { fast, full }
  }

  it('T52 is not lost by those who do not exist, nor by wrong passwords', async () => {
    await enter('known')
    await enter('known')
    const { fast, full } = counts()
    assert.ok(fast > 0)
    await crowd(150, 20, (i) => assert.rejects(enter(i % 3 === 0 ? 'known' : `unknown ${i}`, 'wrong'), { code: 1045 }))
    await enter('known')
    assert.deepEqual(counts(), { fast: fast + 1, full })
  })

  it('T52 is void as soon as the account is another', async () => {
    await enter('changing')
    await enter('changing')
    const { authString } = viewed.source.read('known', '%') ?? assert.fail('no account')
    viewed.source.transact((edit) => {
      const account = edit.read('changing', '%') ?? assert.fail('no account')
      edit.put({ ...account, authString: authString.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')) })
    })
    await viewed.accounts.reread()
    await assert.rejects(enter('changing'), { code: 1045 })
    const realm = gateway.gateway.configured.backendRealm
    const account = viewed.accounts.read('changing', '%') ?? assert.fail('no account')
    assert.deepEqual(
      realm?.fastDigests.of(account).filter((digest) => digest.length > 0),
      [],
    )
  })
})

function options(gateway: TestGateway, user: string, more: ConnectOptions = {}): ConnectOptions {
  return { host: '127.0.0.1', port: gateway.port, user, password, tls: { mode: 'DISABLED' }, ...more }
}

async function said(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.catch((error: unknown) => (error instanceof MysqlError ? error.code : assert.fail(`${error}`)))
}

function entering(user: string, more: ConnectOptions = {}) {
  return (gateway: TestGateway) =>
    said(
      (async () => {
        const connection = await connect(options(gateway, user, more))
        const { rows } = await connection.query('SELECT')
        await connection.close()
        return { ...rows[0] }
      })(),
    )
}

function offering(flag: number) {
  return async (gateway: TestGateway) => {
    const stranger = await Stranger.greeted(gateway.port)
    stranger.destroy()
    return (stranger.greeting.flags & flag) !== 0
  }
}

/** Whether a second client gets in beside the first. */
async function twoAtOnce(gateway: TestGateway): Promise<unknown> {
  const first = await connect(options(gateway, 'own'))
  const second = await said(connect(options(gateway, 'own')).then((connection) => connection.close()))
  await first.close()
  return second
}

/** Whether a second client gets in when the first leaves, a while later. */
async function oneBehindTheOther(gateway: TestGateway): Promise<unknown> {
  const first = await connect(options(gateway, 'own'))
  const second = said(connect(options(gateway, 'own')).then((connection) => connection.close()))
  await Promise.race([second, later(1500)])
  await first.close()
  return second
}

/** Idle connections that so many clients leave behind. */
function idleAfter(clients: number, ms: number) {
  return async (gateway: TestGateway) => {
    const all = await Promise.all(Array.from({ length: clients }, () => connect(options(gateway, 'own'))))
    await later(10)
    await Promise.all(all.map((connection) => connection.close()))
    await later(ms)
    return gateway.gateway.pool.shelves().reduce((sum, { idle }) => sum + idle, 0)
  }
}

async function chosen(gateway: TestGateway): Promise<unknown> {
  await entering('own')(gateway)
  return gateway.gateway.backends.all.map((one) => one.counters.connects)
}

function prefixed(prefix: string, toggles: Readonly<Record<string, Toggle>>): Readonly<Record<string, Toggle>> {
  return Object.fromEntries(Object.entries(toggles).map(([name, toggle]) => [`${prefix}${name}`, toggle]))
}
