import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import measured from '../../test/vectors/accounts/host-choice-9.7.json' with { type: 'json' }
import type { PeerHost } from './account.ts'
import { AccountTable } from './account-table.ts'
import { account } from './defaults.ts'

/** Where an account opens to more clients than in mysqld, on purpose: see host-pattern.ts. */
const ipv6AsAddress = ['u@0:0:0:0:0:0:0:1', 'u@::1/128', 'u@::/64']
/** Accounts that mysqld lets in, but does not count when it decides whether to greet a host. */
const greetedOnlyForOthers = ['u@127.0.0.5/32', 'u@127.0.0.5/255.255.255.255', 'u@door\\.example.test']

for (const { clients, alone, together } of measured.runs) {
  const peers = clients.map(
    ({ address, name }): PeerHost => ({ address: address ?? undefined, name: name ?? undefined }),
  )
  const names = peers.some(({ address, name }) => address !== undefined && name !== undefined)
  describe(`${measured.server} ${names ? 'with names resolved' : 'with skip_name_resolve'}`, () => {
    test('greets the same hosts, and the same accounts let them in', () => {
      const differing = new Set<string>()
      for (const [accounts, expected] of alone as Choice[]) {
        const table = tableOf(['root@localhost', ...accounts])
        for (const [i, peer] of peers.entries()) {
          const answer = table.admitsHost(peer) ? chosen(table, peer) : '1130'
          if (!same(answer, expected[i])) differing.add(accounts.join())
        }
      }
      assert.deepEqual([...differing].sort(), expectedDifferences(names))
    })

    test('chooses the same account among several', () => {
      const differing: unknown[] = []
      for (const [accounts, expected] of together as Choice[]) {
        const table = tableOf([measured.bystander, ...accounts])
        for (const [i, peer] of peers.entries()) {
          const answer = chosen(table, peer)
          const free = expected[i] === measured.firstMade && accounts.includes(answer)
          if (!free && !same(answer, expected[i])) differing.push([accounts, peer, answer, expected[i]])
        }
      }
      assert.ok(together.length > 800)
      assert.deepEqual(differing, [])
    })
  })
}

type Choice = [accounts: string[], chosen: string[]]

function expectedDifferences(names: boolean): string[] {
  // Without names nobody is door.example.test.
  const refused = greetedOnlyForOthers.filter((one) => names || !one.includes('door'))
  return [...ipv6AsAddress, ...refused].sort()
}

function tableOf(names: readonly string[]): AccountTable {
  return new AccountTable(
    names.map((name) => {
      const at = name.indexOf('@')
      return account({ user: name.slice(0, at), host: name.slice(at + 1) })
    }),
  )
}

function chosen(table: AccountTable, peer: PeerHost): string {
  const found = table.find('u', peer)
  return found === undefined ? '1045' : `${found.user}@${found.host}`
}

function same(ours: string, theirs: string | undefined): boolean {
  // mysqld keeps the host of an account in lower case.
  return ours.toLowerCase() === theirs?.toLowerCase()
}
