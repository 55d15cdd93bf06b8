import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { explainRule, ruleExplanationText } from './explain-rule.ts'
import { RuleBook } from './rule-book.ts'
import type { Rule } from './rules.ts'

const book = new RuleBook(
  [
    { way: 'refuse', name: 'no root', user: 'root' },
    { way: 'backend', user: 'app%', host: '10.0.0.0/8', to: { role: 'primary' }, pool: 'transaction' },
    { way: 'mapped', user: 'app%', host: '%.example.com', as: { user: 'shop', credential: { password: 'geheim' } } },
    {
      way: 'own',
      user: 'me',
      host: 'localhost',
      credentials: { file: '/run/p.json' },
      to: { backend: 'db1', role: 'primary' },
    },
    { way: 'relay', host: '192.0.2.%', to: { backend: 'db1' } },
  ],
  ['db1'],
)

function lines(user: string, host: string): string[] {
  return ruleExplanationText(explainRule(book, user, host)).split('\n')
}

/** What follows from one rule that everybody falls under. */
function follows(rule: Rule): Record<string, string> {
  const { follows } = explainRule(new RuleBook([rule], ['db1']), 'app', '10.0.0.1')
  return Object.fromEntries(follows.map(({ question, answer }) => [question, answer]))
}

describe('explainRule', () => {
  it('says of each rule why it does not match, which one does, and what happens then', () => {
    assert.deepEqual(lines('app1', 'web.example.com'), [
      'app1@web.example.com',
      "  rule 1 (no root)  no   the user is not like 'root'",
      "  rule 2            no   web.example.com does not match '10.0.0.0/8': ask with its address",
      "  rule 3            yes  it is for users like 'app%', from '%.example.com'",
      '  rule 4            -    rule 3 decides',
      '  rule 5            -    rule 3 decides',
      'way: mapped',
      "  who judges      the gateway's own accounts",
      "  at the backend  'shop', by the password in the configuration",
      '  which backend   any that is up, by weight',
      '  its connection  shared: handed on when the client has left',
    ])
  })

  it('agrees with the book about who decides', () => {
    for (const [user, host, number] of [
      ['root', '10.0.0.1', 1],
      ['app', '10.0.0.1', 2],
      ['app', '::ffff:10.0.0.1', 2],
      ['me', 'localhost', 4],
      ['x', '192.0.2.1', 5],
      ['x', '198.51.100.1', undefined],
    ] as const) {
      assert.equal(explainRule(book, user, host).decides, number, `${user}@${host}`)
    }
  })

  it('says what could not be compared', () => {
    assert.match(
      lines('app', '198.51.100.1')[3] ?? '',
      /does not match '%\.example\.com': that is for a name, which clients have only with skip_name_resolve=OFF$/,
    )
    assert.match(
      lines('app', 'localhost')[2] ?? '',
      /localhost does not match '10\.0\.0\.0\/8': localhost is the unix socket$/,
    )
    assert.match(lines('app', '192.0.3.1')[5] ?? '', /192\.0\.3\.1 does not match '192\.0\.2\.%'$/)
  })

  it('says that nobody provided for a client, or that it is refused', () => {
    assert.deepEqual(lines('x', '198.51.100.1').slice(-2), [
      'way: refuse',
      '  who judges  nobody: no rule matches, and the client is refused',
    ])
    assert.equal(lines('root', '198.51.100.1').at(-1), '  who judges  nobody: the client is refused')
  })

  it('knows what holds without rules', () => {
    assert.deepEqual(ruleExplanationText(explainRule(new RuleBook([], []), 'app', '10.0.0.1')).split('\n'), [
      'app@10.0.0.1',
      '  rule 0 (default)  yes  there are no rules, and then everybody is relayed',
      'way: relay',
      '  who judges      the backend: its nonce goes to the client, and its verdict comes back',
      "  at the backend  'app', as whom the client proves itself there",
      '  which backend   any that is up, by weight',
      '  its connection  a fresh one, which ends with the client',
    ])
  })

  it('tells whose credential is used where, and shows none', () => {
    const as = (credential: NonNullable<Rule['credentials']>) =>
      follows({ way: 'mapped', as: { user: 'u', credential } })['at the backend']
    assert.equal(as({ password: 'geheim' }), "'u', by the password in the configuration")
    assert.equal(as({ file: '/p' }), "'u', by the first line of /p")
    assert.equal(as({ env: 'PW' }), "'u', by the password in the environment variable PW")
    assert.equal(as({ command: ['/bin/pass', 'geheim'] }), "'u', by the password that the program /bin/pass prints")
    assert.equal(as({ awsIam: {} }), "'u', by an AWS IAM token")
    assert.equal(as({ callback: () => 'geheim' }), "'u', by the password that a callback gives")
    const own = follows({ way: 'own', credentials: { file: '/p.json' } })
    assert.equal(own['at the backend'], "'app', by the password under the user's name in /p.json")
    assert.equal(follows({ way: 'backend' })['at the backend'], "'app', by what the client's own proof gives away")
    assert.doesNotMatch(JSON.stringify(explainRule(book, 'app', 'web.example.com')), /geheim/)
  })

  it('tells which backend, who judges, and how connections are shared', () => {
    const to = (to: NonNullable<Rule['to']>) => follows({ way: 'relay', to })['which backend']
    assert.equal(to({ backend: 'db1' }), "'db1'")
    assert.equal(to({ role: 'replica' }), 'a replica that is up, by weight')
    assert.equal(to({ backend: 'db1', role: 'primary' }), "'db1', while it is a primary")
    const mapped = {
      way: 'mapped',
      as: { user: 'u', credential: { env: 'X' } },
      check: 'backend',
      pool: 'off',
    } as const
    assert.equal(follows(mapped)['who judges'], 'the accounts of the backend, as the gateway has read them there')
    assert.equal(follows(mapped)['its connection'], 'a fresh one, which ends with the client')
    assert.equal(
      follows({ way: 'backend', pool: 'transaction' })['its connection'],
      'shared: handed on after each transaction',
    )
  })

  it('names the hooks that may decide otherwise', () => {
    const hooks = { readAuth: () => undefined, disconnect: () => undefined }
    assert.deepEqual(explainRule(book, 'app', '10.0.0.1', hooks).follows.at(-1), {
      question: 'hooks',
      answer: 'readAuth may still decide otherwise',
    })
  })
})
