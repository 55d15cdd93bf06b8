import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import type { PeerHost } from '../accounts/account.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { RuleBook } from './rule-book.ts'
import type { Rule } from './rules.ts'

const backends = ['db1', 'db2']
const as = { user: 'shop', credential: { env: 'SHOP_PASSWORD' } }

function from(address: string | undefined, name?: string): PeerHost {
  return { address, name }
}

describe('RuleBook.find', () => {
  const book = new RuleBook(
    [
      { way: 'refuse', user: 'root', host: '%' },
      { way: 'backend', user: 'app%', host: '10.1.0.0/16' },
      { way: 'mapped', user: 'app%', host: '%.example.com', as },
      { way: 'own', user: 'me', host: 'localhost', credentials: { file: '/run/secrets/passwords.json' } },
      { way: 'relay', host: '192.0.2.7' },
    ],
    backends,
  )
  for (const [user, peer, number] of [
    ['root', from('10.1.2.3'), 1],
    ['Root', from('192.0.2.7'), 5],
    ['app7', from('10.1.2.3'), 2],
    ['app7', from('10.1.2.3', 'web.example.com'), 2],
    ['app7', from('198.51.100.1', 'WEB.example.com'), 3],
    ['app7', from('198.51.100.1', 'web.example.org'), undefined],
    ['me', from(undefined, 'localhost'), 4],
    ['me', from('198.51.100.1', 'localhost'), undefined],
    ['', from('192.0.2.7'), 5],
    ['anybody', from('192.0.2.8'), undefined],
  ] as const) {
    it(`${JSON.stringify(user)} from ${peer.address ?? 'a socket'} ${peer.name ?? ''} gets ${number === undefined ? 'no rule' : `rule ${number}`}`, () => {
      assert.equal(book.find(user, peer)?.number, number)
    })
  }

  it('relays everybody when there are no rules', () => {
    const rule = new RuleBook([], backends).find('anybody', from('192.0.2.8'))
    assert.deepEqual(rule, { number: 0, name: 'default', way: 'relay', pool: 'off' })
  })

  it('fills in what was left out', () => {
    const book = new RuleBook(
      [
        { way: 'relay', user: 'a', to: { role: 'replica' } },
        { way: 'mapped', user: 'b', as },
        { way: 'backend', user: 'c', pool: 'transaction' },
      ],
      backends,
    )
    assert.deepEqual(book.rules, [
      { number: 1, way: 'relay', user: 'a', pool: 'off', to: { role: 'replica' } },
      { number: 2, way: 'mapped', user: 'b', pool: 'session', check: 'own', as },
      { number: 3, way: 'backend', user: 'c', pool: 'transaction' },
    ])
  })

  it('shows no password when it is printed', () => {
    const { rules } = new RuleBook(
      [
        { way: 'own', credentials: { password: 'geheim' }, user: 'a' },
        { way: 'mapped', as: { user: 'u', credential: { password: 'geheim' } } },
      ],
      backends,
    )
    for (const text of [inspect(rules, { depth: 9 }), JSON.stringify(rules), `${rules}`]) {
      assert.doesNotMatch(text, /geheim/)
    }
    assert.match(inspect(rules, { depth: 9 }), /password: '\*\*\*'/)
    assert.deepEqual(rules[0]?.credentials, { password: 'geheim' })
  })
})

describe('RuleBook.warnings', () => {
  function warnings(...rules: readonly Omit<Rule, 'way'>[]): readonly string[] {
    return new RuleBook(
      rules.map((rule) => ({ way: 'relay', ...rule })),
      backends,
    ).warnings
  }

  it('names a rule that never decides, and the one that does', () => {
    assert.deepEqual(warnings({ name: 'all' }, { user: 'app' }), [
      'rule 2 never decides: rule 1 (all) takes all that it matches',
    ])
    assert.equal(
      warnings({ user: 'app%' }, { name: 'x', user: 'app_1', host: '10.%' })[0],
      'rule 2 (x) never decides: rule 1 takes all that it matches',
    )
    assert.equal(warnings({ host: '10.1.0.0/16' }, { host: '10.1.2.3' }).length, 1)
    assert.equal(warnings({ host: 'Web.example' }, { host: 'web.EXAMPLE' }).length, 1)
  })

  it('is silent where a later rule has clients of its own', () => {
    assert.deepEqual(warnings({ user: 'a' }, { user: 'A' }, { user: 'a%' }, { host: '10.%' }, { host: '%' }), [])
    assert.deepEqual(warnings({ host: '10.1.0.0/16' }, { host: '10.2.0.1' }, { host: '10.0.0.0/8' }), [])
    assert.deepEqual(warnings({ user: 'a%', host: '10.1.2.3' }, { user: 'app' }), [])
  })
})

describe('new RuleBook', () => {
  for (const [what, rule, message] of [
    ['no object', 5, 'rule 2 must be an object with name, user, host, way, check, credentials, as, to, pool'],
    ['a mistyped key', { way: 'relay', usr: 'a' }, "rule 2: unknown key 'usr'; did you mean 'user'?"],
    ['no way', {}, 'rule 2: way is missing: write one of relay, own, backend, mapped, refuse'],
    [
      'a mistyped way',
      { way: 'relais' },
      "rule 2: way must be one of relay, own, backend, mapped, refuse; did you mean 'relay'?",
    ],
    [
      'a way of the prototype',
      { way: 'constructor' },
      'rule 2: way must be one of relay, own, backend, mapped, refuse',
    ],
    ['a user that is no text', { way: 'relay', user: 5 }, 'rule 2: user must be text'],
    ['a name that is taken', { way: 'relay', name: 'first' }, "rule 2: name 'first' is that of an earlier rule"],
    [
      'a network with host bits',
      { way: 'refuse', host: '10.1.2.3/8' },
      /^rule 2: host '10.1.2.3\/8' matches nobody: a network is written with the bits/,
    ],
    ['a mask with gaps', { way: 'refuse', host: '10.0.0.0/255.0.255.0' }, /matches nobody/],
    ['own without credentials', { way: 'own' }, /^rule 2: way 'own' needs credentials: /],
    ['mapped without as', { way: 'mapped' }, /^rule 2: way 'mapped' needs as: /],
    [
      'as without user',
      { way: 'mapped', as: { credential: { env: 'X' } } },
      'rule 2: as.user must be the name of a user of the backend',
    ],
    [
      'as without credential',
      { way: 'mapped', as: { user: 'x' } },
      /^rule 2: as\.credential is no object: write one of \{ password: \.\.\. \}, /,
    ],
    [
      'as where it means nothing',
      { way: 'backend', as },
      "rule 2: as means nothing with way 'backend': only way 'mapped' logs in as somebody else",
    ],
    [
      'credentials of mapped',
      { way: 'mapped', as, credentials: { env: 'X' } },
      /^rule 2: credentials means nothing with way 'mapped': /,
    ],
    ['check of own', { way: 'own', credentials: { env: 'X' }, check: 'backend' }, /^rule 2: check means nothing/],
    [
      'a pool of relayed connections',
      { way: 'relay', pool: 'session' },
      "rule 2: pool means nothing with way 'relay': nothing is shared",
    ],
    [
      'a route of the refused',
      { way: 'refuse', to: {} },
      "rule 2: to means nothing with way 'refuse': nobody gets to a backend",
    ],
    [
      'an unknown check',
      { way: 'mapped', as, check: 'owm' },
      "rule 2: check must be one of own, backend; did you mean 'own'?",
    ],
    ['an unknown pool', { way: 'backend', pool: true }, 'rule 2: pool must be one of off, session, transaction'],
    [
      'an unknown backend',
      { way: 'relay', to: { backend: 'db3' } },
      "rule 2: to.backend: no backend is called 'db3'; did you mean 'db1'?",
    ],
    [
      'an unknown backend, far off',
      { way: 'relay', to: { backend: 'warehouse' } },
      "rule 2: to.backend: no backend is called 'warehouse': there is db1, db2",
    ],
    ['an unknown role', { way: 'relay', to: { role: 'master' } }, 'rule 2: to.role must be one of primary, replica'],
    [
      'a mistyped key of to',
      { way: 'relay', to: { rol: 'primary' } },
      "rule 2: to: unknown key 'rol'; did you mean 'role'?",
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      const rules = [{ name: 'first', way: 'refuse', user: 'root' }, rule] as Rule[]
      assert.throws(
        () => new RuleBook(rules, backends),
        (error: Error) => {
          assert.ok(error instanceof ConfigurationError, String(error))
          typeof message === 'string' ? assert.equal(error.message, message) : assert.match(error.message, message)
          return true
        },
      )
    })
  }

  it("takes pool: 'off' everywhere", () => {
    for (const rule of [{ way: 'relay' }, { way: 'refuse' }, { way: 'mapped', as }] as const) {
      assert.equal(new RuleBook([{ ...rule, pool: 'off' }], backends).rules[0]?.pool, 'off')
    }
  })

  it('finds files of credentials from the directory of the configuration', () => {
    const { rules } = new RuleBook([{ way: 'own', credentials: { file: 'p.json' } }], backends, '/etc/saltgate')
    assert.deepEqual(rules[0]?.credentials, { file: '/etc/saltgate/p.json' })
  })
})
