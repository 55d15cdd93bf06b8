import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { inspect, isDeepStrictEqual } from 'node:util'
import { ConfigurationError } from '../errors/errors.ts'
import { loadConfig } from '../server/config.ts'
import { Backends } from './backends.ts'
import { type GatewayConfig, gatewaySection, gatewaySettings } from './config.ts'

const to = ['mysql://db1:3306']

function failure(config: unknown, how: Parameters<typeof gatewaySettings>[1] = { file: 'FILE' }): string {
  try {
    gatewaySettings(config as GatewayConfig, how)
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, inspect(error))
    assert.ok(!/\n|geheim/.test(inspect(error).split('\n    at ')[0] as string), error.message)
    return error.message
  }
  assert.fail('there was nothing wrong')
}

describe('gatewaySettings', () => {
  it('fills in all that is left out', () => {
    assert.deepEqual(gatewaySettings({ to }, { base: '/etc' }), {
      backends: [{ name: 'db1:3306', connect: { host: 'db1', port: 3306 } }],
      rules: {
        ...{ rules: [], base: '/etc', hookTimeoutMs: 2000, tlsPolicy: 'backend-at-least-client' },
        ...{ localInfile: false, compression: false },
      },
      pool: {
        ...{ maxPerIdentity: 0, maxIdle: 100, idleTimeoutMs: 60_000 },
        ...{ lifetimeMs: 3_600_000, queueMs: 10_000, maxWaiting: 1000 },
      },
      monitor: { intervalMs: 500, timeoutMs: 1000 },
      backendAccounts: {},
      admin: undefined,
      workers: 1,
      drainMs: 60_000,
      warnings: [],
    })
  })

  it('takes over what is said', () => {
    const hooks = { readAuth: () => undefined }
    const settings = gatewaySettings({
      to,
      hooks,
      hookTimeoutMs: 5,
      pool: { maxIdle: 3 },
      monitor: { intervalMs: 100, timeoutMs: undefined as never },
      backendAccounts: { schema: 'door' },
      admin: { listen: ['127.0.0.1:6032'] },
      workers: 4,
      drainMs: 0,
      tlsPolicy: 'any',
      localInfile: true,
      compression: true,
      greeting: { serverVersion: '8.4.0-door' },
    })
    assert.equal(settings.rules.hooks, hooks)
    assert.equal(settings.rules.hookTimeoutMs, 5)
    assert.equal(settings.rules.serverVersion, '8.4.0-door')
    assert.deepEqual(
      [settings.rules.tlsPolicy, settings.rules.localInfile, settings.rules.compression],
      ['any', true, true],
    )
    assert.deepEqual([settings.pool.maxIdle, settings.pool.maxWaiting], [3, 1000])
    assert.deepEqual(settings.monitor, { intervalMs: 100, timeoutMs: 1000 })
    assert.deepEqual(settings.backendAccounts, { schema: 'door' })
    assert.deepEqual(settings.admin, { listen: ['127.0.0.1:6032'] })
    assert.deepEqual([settings.workers, settings.drainMs], [4, 0])
  })

  it('keeps hooks as they are, so that an object of a class has its own state', () => {
    class Counting {
      count = 0
      connectServer() {
        this.count++
        return undefined
      }
    }
    const hooks = new Counting()
    assert.equal(gatewaySettings({ to, hooks }).rules.hooks, hooks)
  })

  it('settles rules in a form that may be checked again, and warns of those that never decide', () => {
    const rules = [
      { way: 'own', user: 'a', credentials: { file: 'p.json' } },
      { way: 'relay', name: 'rest' },
      { way: 'refuse', user: 'b' },
    ] as const
    const settings = gatewaySettings({ to, rules }, { base: '/etc', file: 'FILE' })
    assert.deepEqual(settings.rules.rules[0]?.credentials, { file: '/etc/p.json' })
    assert.deepEqual(settings.warnings, [
      'FILE: gateway.rules: rule 3 never decides: rule 2 (rest) takes all that it matches',
    ])
    assert.deepEqual(gatewaySettings({ to, rules: settings.rules.rules }).rules.rules, settings.rules.rules)
  })
})

describe('gatewaySettings of backends', () => {
  it('reads URIs, and takes out what is not about the connection', () => {
    const uri =
      'mysql://watch:geheim@db2:3307/?weight=2.5&ssl-mode=REQUIRED&role=replica&name=re%2Fads&send-proxy=v2&maxConnections=9'
    const [backend] = gatewaySettings({ to: [uri] }).backends
    assert.deepEqual(backend, {
      ...{ name: 're/ads', weight: 2.5, role: 'replica', sendProxy: 'v2', maxConnections: 9 },
      connect: { host: 'db2', port: 3307, user: 'watch', password: 'geheim', tls: { mode: 'REQUIRED' } },
    })
  })

  it('lets the command line take the place of the file', () => {
    const { backends } = gatewaySettings(
      { to },
      { to: ['mysql://x:1?send_proxy=v1', 'mysql://[::1]:2', 'mysql://%2Frun%2Fm.sock'] },
    )
    assert.deepEqual(
      backends.map(({ name, sendProxy }) => [name, sendProxy]),
      [
        ['x:1', 'v1'],
        ['[::1]:2', undefined],
        ['/run/m.sock', undefined],
      ],
    )
  })

  it('shows no password when printed, and gives it to those who ask', () => {
    const settings = gatewaySettings({
      to: ['mysql://u:geheim@db1', { connect: { host: 'db2', password: 'geheim', tls: { passphrase: 'geheim' } } }],
      rules: [{ way: 'mapped', as: { user: 'x', credential: { password: 'geheim' } } }],
    })
    for (const text of [inspect(settings, { depth: 20 }), JSON.stringify(settings)]) {
      assert.doesNotMatch(text, /geheim/)
      assert.match(text, /\*\*\*/)
    }
    assert.equal(settings.backends[0]?.connect.password, 'geheim')
    assert.equal(settings.backends[1]?.connect.tls?.passphrase, 'geheim')
  })

  it('makes the same options of the same words, so that a reload keeps the backend, and others of another password', async () => {
    const backends = (password: string) => gatewaySettings({ to: [`mysql://u:${password}@127.0.0.1:1`] }).backends
    assert.ok(isDeepStrictEqual(backends('a'), backends('a')))
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const running = new Backends(backends('a'), { log })
    assert.deepEqual(await running.reload(backends('a')), { added: [], removed: [] })
    assert.equal((await running.reload(backends('b'))).added.length, 1)
    await running.close()
  })

  for (const [uri, message] of [
    ['mysql://u:geheim@db1?weight=heavy', /^--to \(number 1\): the URI: weight: /],
    ['mysql://u:geheim@db1?weight=', /the URI: weight: /],
    ['mysql://u:geheim@db1?weight=-1', /the URI: weight: /],
    ['mysql://u:geheim@db1?role=master', /the URI: role: /],
    ['mysql://u:geheim@db1?name=', /the URI: name: /],
    ['mysql://u:geheim@db1?name=a&name=b', /the URI gives 'name' twice$/],
    ['mysql://u:geheim@db1?name=%zz', /the parameter 'name' of the URI has a %/],
    ['mysql://u:geheim@db1?send-proxy=1', /the URI: sendProxy: /],
    ['mysql://u:geheim@db1?wieght=1', /the URI has an unknown parameter 'wieght'/],
    ['mysql://u:x?weight=geheim@db1', /the URI is not of the form/],
    ['db1:3306', /^--to \(number 1\): a connection URI begins with mysql:/],
    ['mysql://db1?ssl-ca=nowhere.pem', /nowhere\.pem/],
  ] as const) {
    it(`refuses ${uri}, and does not show the password`, () => {
      assert.match(failure({}, { to: [uri] }), message)
    })
  }

  it('finds files of a URI from the directory of the configuration', () => {
    assert.match(
      failure({ to: ['mysql://db1?ssl-ca=ca.pem'] }, { base: '/nowhere', file: 'FILE' }),
      /^FILE: gateway\.to\.0: .*ssl-ca/,
    )
  })
})

describe('gatewaySettings, when something is wrong', () => {
  for (const [config, message] of [
    [{}, "FILE: gateway.to: there is no backend: write --to mysql://HOST:3306, or to: ['mysql://HOST:3306']"],
    [
      { to: ['mysql://a', 'mysql://b@a:3306'] },
      "FILE: gateway.to.1: there is another backend 'a:3306': give one of them another name (?name=...)",
    ],
    [{ tp: [] }, "FILE: unknown key 'gateway.tp'; did you mean 'to'?"],
    [{ to, pool: { maxidle: 1 } }, "FILE: unknown key 'gateway.pool.maxidle'; did you mean 'maxIdle'?"],
    [
      { to: [{ connect: { hostt: 'geheim' } }] },
      "FILE: unknown key 'gateway.to.0.connect.hostt'; did you mean 'host'?",
    ],
    [
      { to: [{ host: 'geheim' }] },
      /^FILE: gateway\.to\.0\.connect: .*; unknown key 'gateway\.to\.0\.host': known are name, connect, /,
    ],
    [{ to: [5] }, 'FILE: gateway.to.0: must be a URI (mysql://HOST:3306) or an object with connect'],
    [{ to: [{ connect: { host: 'a', port: 70000 } }] }, 'FILE: gateway.to.0: port is 70000; it takes 1 to 65535'],
    [{ to: [{ connect: { password: 5 } }] }, 'FILE: gateway.to.0.connect.password: must be text, bytes or a function'],
    [{ to: [{ connect: { tls: { mode: 'OFF' } } }] }, /^FILE: gateway\.to\.0\.connect\.tls\.mode: /],
    [{ to, workers: 0 }, /^FILE: gateway\.workers: /],
    [{ to, hookTimeoutMs: 0 }, /^FILE: gateway\.hookTimeoutMs: /],
    [{ to, admin: { listen: ['6032'] } }, /^FILE: gateway\.admin\.listen\.0: cannot listen on '6032'/],
    [
      { to, greeting: { serverVersion: 'ä' } },
      'FILE: gateway.greeting.serverVersion: must be 1 to 60 printable ASCII characters',
    ],
    [{ to, hooks: { readAuht: () => {} } }, /^FILE: gateway\.hooks: .*readAuth/],
    [{ to, hooks: 'x' }, 'FILE: gateway.hooks: must be an object of functions'],
    [
      { to, rules: [{ way: 'mapped', as: { user: 'x', credential: 'geheim' } }] },
      /^FILE: gateway\.rules: rule 1: as\.credential is no object/,
    ],
    [
      { to, rules: [{ way: 'relay', to: { backend: 'db1' } }] },
      "FILE: gateway.rules: rule 1: to.backend: no backend is called 'db1': there is db1:3306",
    ],
    [{ to, rules: {} }, /^FILE: gateway\.rules: /],
    [
      JSON.parse('{ "to": ["mysql://a"], "pool": { "__proto__": { "maxIdle": 1 } } }'),
      "FILE: unknown key 'gateway.pool.__proto__': remove it",
    ],
  ] as const) {
    it(typeof message === 'string' ? message : String(message), () => {
      const said = failure(config)
      typeof message === 'string' ? assert.equal(said, message) : assert.match(said, message)
    })
  }
})

describe('loadConfig with the gateway as a section', () => {
  const root = mkdtempSync(join(tmpdir(), 'saltgate-gateway-config-'))
  after(() => rmSync(root, { recursive: true }))
  let cases = 0

  function load(content: string, sections: Parameters<typeof loadConfig>[0]['sections'] = { gateway: gatewaySection }) {
    const directory = join(root, `${++cases}`)
    mkdirSync(directory)
    writeFileSync(join(directory, 'saltgate.config.mjs'), content)
    return loadConfig({ directory, sections })
  }

  it('reads it beside the front door, and prints neither backends nor rules', async () => {
    const config = await load(
      "export default { databases: ['a'], gateway: { to: ['mysql://u:geheim@db1'], workers: 2 } }",
    )
    assert.deepEqual(config.databases, ['a'])
    assert.doesNotMatch(inspect(config, { depth: 9 }) + JSON.stringify(config), /geheim/)
    const { file, base, sections } = config
    const settings = gatewaySettings(sections.gateway as GatewayConfig, { file, base })
    assert.deepEqual(
      [settings.workers, settings.backends[0]?.connect.password, settings.rules.base],
      [2, 'geheim', base],
    )
  })

  it('names file and place of a mistake, and what the file may have', async () => {
    await assert.rejects(
      load('export default { gateway: { pool: { maxIdle: -1 } } }'),
      /saltgate\.config\.mjs: gateway\.pool\.maxIdle: /,
    )
    await assert.rejects(
      load('export default { gateway: { worker: 2 } }'),
      /: unknown key 'gateway\.worker'; did you mean 'workers'\?$/,
    )
    await assert.rejects(load('export default { gatewy: {} }'), /: unknown key 'gatewy'; did you mean 'gateway'\?$/)
    await assert.rejects(load('export default { gateway: {} }', {}), /: unknown key 'gateway': known are listen, /)
  })

  it('has nothing where the file says nothing', async () => {
    assert.equal((await load('export default {}')).sections.gateway, undefined)
  })
})
