import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { accountName, type PeerHost } from './account.ts'
import { AccountTable } from './account-table.ts'
import { account } from './defaults.ts'

const socket: PeerHost = { address: undefined, name: 'localhost' }
const loopback: PeerHost = { address: '127.0.0.1', name: 'localhost' }
const unnamed: PeerHost = { address: '127.0.0.1', name: undefined }
const lan: PeerHost = { address: '10.1.2.3', name: 'h1.example.net' }

function table(...names: string[]): AccountTable {
  return new AccountTable(
    names.map((name) => {
      const at = name.lastIndexOf('@')
      return account({ user: name.slice(0, at), host: name.slice(at + 1) })
    }),
  )
}

function chosen(accounts: AccountTable, user: string, peer: PeerHost): string | undefined {
  const found = accounts.find(user, peer)
  return found && `${found.user}@${found.host}`
}

describe('AccountTable.find', () => {
  const scenarios: readonly {
    readonly name: string
    readonly rows: string[]
    readonly user: string
    readonly expect: readonly [peer: PeerHost, chosen: string | undefined][]
  }[] = [
    {
      name: 'an anonymous account on localhost hides a named account of any host',
      rows: ['jeffrey@%', 'root@%', '@localhost', 'root@localhost'],
      user: 'jeffrey',
      expect: [
        [socket, '@localhost'],
        [loopback, '@localhost'],
        [unnamed, 'jeffrey@%'],
        [lan, 'jeffrey@%'],
      ],
    },
    {
      name: 'for the same host the named account comes before the anonymous one',
      rows: ['@localhost', 'root@localhost', '@%', 'root@%'],
      user: 'root',
      expect: [
        [socket, 'root@localhost'],
        [lan, 'root@%'],
      ],
    },
    {
      name: 'a literal address comes before every network that holds it',
      rows: ['u@10.0.0.0/8', 'u@10.1.2.0/255.255.255.0', 'u@10.1.2.3', 'u@10.1.%', 'u@%'],
      user: 'u',
      expect: [
        [lan, 'u@10.1.2.3'],
        [{ ...lan, address: '10.1.2.4' }, 'u@10.0.0.0/8'],
        [{ ...lan, address: '11.1.2.4' }, 'u@%'],
      ],
    },
    {
      name: 'of two CIDR networks the smaller one is chosen',
      rows: ['u@10.0.0.0/8', 'u@10.1.0.0/16', 'u@10.1.2.0/24'],
      user: 'u',
      expect: [
        [lan, 'u@10.1.2.0/24'],
        [{ ...lan, address: '10.1.9.9' }, 'u@10.1.0.0/16'],
        [{ ...lan, address: '10.9.9.9' }, 'u@10.0.0.0/8'],
        [{ ...lan, address: '11.0.0.1' }, undefined],
      ],
    },
    {
      name: 'of two wildcard patterns the one with the later wildcard is chosen',
      rows: ['u@10.%', 'u@10.1.2.%', 'u@10.1.%'],
      user: 'u',
      expect: [
        [lan, 'u@10.1.2.%'],
        [{ ...lan, address: '10.1.9.9' }, 'u@10.1.%'],
      ],
    },
    {
      name: 'a name comes before the pattern of its domain, and that before any host',
      rows: ['u@%', 'u@%.example.net', 'u@h1.example.net'],
      user: 'u',
      expect: [
        [lan, 'u@h1.example.net'],
        [{ ...lan, name: 'h2.example.net' }, 'u@%.example.net'],
        [{ ...lan, name: undefined }, 'u@%'],
      ],
    },
    {
      name: 'an anonymous account of a more specific pattern hides a named one of a wider pattern',
      rows: ['u@10.%', '@10.1.%', 'u@%'],
      user: 'u',
      expect: [
        [lan, '@10.1.%'],
        [{ ...lan, address: '10.9.9.9' }, 'u@10.%'],
      ],
    },
    {
      name: "the empty host is any host and comes after '%'",
      rows: ['u@', '@%', 'w@'],
      user: 'u',
      expect: [
        [lan, '@%'],
        [socket, '@%'],
      ],
    },
  ]
  for (const { name, rows, user, expect } of scenarios) {
    test(name, () => {
      for (const order of [rows, rows.toReversed()]) {
        for (const [peer, expected] of expect) assert.equal(chosen(table(...order), user, peer), expected)
      }
    })
  }

  test('a host in capitals is found, a user in capitals is another user', () => {
    assert.equal(chosen(table('Root@LOCALHOST'), 'Root', socket), 'Root@LOCALHOST')
    assert.equal(chosen(table('Root@LOCALHOST'), 'root', socket), undefined)
  })

  test('a user name that no account can have is refused and not truncated, also with an anonymous account', () => {
    const long = 'x'.repeat(32)
    const accounts = table(`${long}@%`, '@%')
    assert.equal(chosen(accounts, long, lan), `${long}@%`)
    assert.equal(chosen(accounts, `${long}y`, lan), undefined)
    assert.equal(chosen(accounts, '😀'.repeat(32), lan), '@%', 'characters count, not UTF-16 units')
    assert.equal(chosen(accounts, '😀'.repeat(33), lan), undefined)
  })

  test('the empty user name finds the anonymous account only', () => {
    assert.equal(chosen(table('u@%', '@%'), '', lan), '@%')
    assert.equal(chosen(table('u@%'), '', lan), undefined)
  })

  test('socket, loopback and mapped addresses reach the account that they name', () => {
    const accounts = table('u@localhost', 'u@127.0.0.1', 'u@::1')
    assert.equal(chosen(accounts, 'u', socket), 'u@localhost')
    assert.equal(chosen(accounts, 'u', unnamed), 'u@127.0.0.1')
    assert.equal(chosen(accounts, 'u', { address: '::1', name: undefined }), 'u@::1')
    assert.equal(chosen(accounts, 'u', { address: '127.0.0.2', name: undefined }), undefined)
  })

  test('the choice and the list do not depend on the order in which accounts were written', () => {
    const hosts = ['%', '', 'localhost', '127.0.0.1', '127.%', '127._', '%.0.1', '127.0.0.0/8', '127.0.0.0/255.0.0.0']
    const name = fc.record({ user: fc.constantFrom('', 'u', 'v'), host: fc.constantFrom(...hosts) })
    const shuffled = fc
      .uniqueArray(name, { selector: (a) => `${a.user}@${a.host}`, minLength: 1 })
      .chain((names) => fc.tuple(fc.constant(names), fc.shuffledSubarray(names, { minLength: names.length })))
    fc.assert(
      fc.property(
        shuffled,
        fc.constantFrom('', 'u', 'v', 'w'),
        fc.constantFrom(loopback, socket, lan),
        (both, u, peer) => {
          const [a, b] = both.map((names) => new AccountTable(names.map(account))) as [AccountTable, AccountTable]
          assert.deepEqual(a.list().map(accountName), b.list().map(accountName))
          assert.equal(chosen(a, u, peer), chosen(b, u, peer))
        },
      ),
    )
  })

  test('find chooses what a walk down the whole list would choose', () => {
    const hosts = ['%', 'localhost', '127.0.0.1', '127.%', '10.1.2.3', '10.%', 'h1.example.net']
    const name = fc.record({ user: fc.constantFrom('', 'u', 'v'), host: fc.constantFrom(...hosts) })
    fc.assert(
      fc.property(
        fc.array(name),
        fc.constantFrom('u', 'w'),
        fc.constantFrom(loopback, socket, lan),
        (names, u, peer) => {
          const accounts = new AccountTable(names.map(account))
          const walked = accounts
            .list()
            .find((row) => (row.user === u || row.user === '') && new AccountTable([row]).find(u, peer) !== undefined)
          assert.equal(accounts.find(u, peer), walked)
        },
      ),
    )
  })
})

describe('AccountTable.admitsHost', () => {
  test('is false only when no account could match the host', () => {
    const accounts = table('a@localhost', 'b@10.1.0.0/16', 'c@%.example.net')
    assert.equal(accounts.admitsHost(loopback), true)
    assert.equal(accounts.admitsHost({ address: '10.1.9.9', name: undefined }), true)
    assert.equal(accounts.admitsHost({ address: '203.0.113.9', name: 'x.example.net' }), true)
    assert.equal(accounts.admitsHost({ address: '203.0.113.9', name: undefined }), false)
    assert.equal(table().admitsHost(loopback), false)
    assert.equal(table('a@%').admitsHost({ address: '203.0.113.9', name: undefined }), true)
  })

  test('is true for the unix socket, which gets 1045 and never 1130', () => {
    assert.equal(table('a@10.1.2.3').admitsHost(socket), true)
  })
})

test('pluginCounts counts the accounts of each plugin, and those with the same alternatives', () => {
  const alternatives = ['mysql_native_password', 'unix_socket'].map((plugin) => ({ plugin, authString: '' }))
  const accounts = new AccountTable([
    account({ user: 'a', factors: alternatives }),
    account({ user: 'd', plugin: 'ed25519', alternatives }),
    account({ user: 'b' }),
    account({ user: 'c', plugin: 'mysql_native_password' }),
  ])
  assert.deepEqual(
    accounts.pluginCounts(),
    new Map([
      ['caching_sha2_password', 2],
      ['mysql_native_password', 1],
      ['ed25519 OR mysql_native_password OR unix_socket', 1],
    ]),
  )
})

test('read asks for the exact name, whatever the case of the host', () => {
  const accounts = table('u@%', 'u@LocalHost')
  assert.equal(accounts.read('u', 'localhost')?.host, 'LocalHost')
  assert.equal(accounts.read('u', '127.0.0.1'), undefined)
  assert.equal(accounts.read('U', '%'), undefined)
})
