import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compatibilityPage, withoutVersions } from './compatibility.ts'
import {
  absences,
  caseNames,
  channels,
  exceptionOf,
  exceptions,
  expectedOf,
  type Plugin,
  plugins,
  type ServerName,
  servers,
  ways,
} from './expectations.ts'
import type { Cell } from './matrix.ts'

describe('the table of what our client must see', () => {
  test('has no exception that another hides everywhere', () => {
    const reached = new Set(
      servers.flatMap((server) =>
        plugins.flatMap((plugin) =>
          channels.flatMap((channel) =>
            caseNames.flatMap((name) => ways.map((way) => exceptionOf(server, { plugin, channel, name, way }))),
          ),
        ),
      ),
    )
    assert.deepEqual(
      exceptions.filter((exception) => !reached.has(exception)),
      [],
    )
  })

  test('permits a refusal by our client to an unknown user only where a server may ask for clear text', () => {
    const where = { plugin: 'parsec', channel: 'plaintext', name: 'unknown', way: 'login' } as const
    const codes = (offered: readonly Plugin[]) =>
      expectedOf('MariaDB 11.8', offered, where).map((one) => 'code' in one && one.code)
    assert.deepEqual(codes(['parsec']), [1045])
    assert.deepEqual(codes(['parsec', 'dialog']), [1045, 2061])
  })

  for (const server of servers.filter((name) => name !== 'Saltgate')) {
    test(`names no plugin twice as absent from ${server}`, () => {
      const absent = absences.filter((one) => one.servers.includes(server)).flatMap((one) => one.plugins)
      assert.equal(new Set(absent).size, absent.length)
    })
  }
})

describe('the page of what came out', () => {
  test('joins the channels where the same came out', () => {
    assert.match(
      pageOf('sha256_password', {}),
      /^\| `sha256_password` \| all \| in \| 1045 \| 1045 \| in \| 1862 \| 3118 \| 1045 \|$/m,
    )
  })

  test('shows what came out and not what should have', () => {
    const page = pageOf('sha256_password', { name: 'locked', channel: 'tls', memory: 'warm', way: 'login' })
    assert.match(page, /^\| `sha256_password` \| plaintext, unix-socket \|.*\| 3118 \| 1045 \|$/m)
    assert.match(page, /^\| `sha256_password` \| tls \|.*\| 3118 \(.*\); in \(warm login\) \| 1045 \|$/m)
  })

  test('gives the reason of each exception that it shows, and of no other', () => {
    const page = pageOf('client_ed25519', {}, 'MariaDB 10.11')
    assert.match(page, /\| 1045 <sup>1<\/sup> \| 1862 \| 4151 <sup>2<\/sup> \|/)
    assert.equal(page.match(/^\d\. /gm)?.length, 2)
  })

  test('is the same for another version of the package', () => {
    const [one, other] = ['1.2-3', '1.2-4'].map((version) => pageOf('sha256_password', {}, 'MySQL 9.7', version))
    assert.notEqual(one, other)
    assert.equal(withoutVersions(one!), withoutVersions(other!))
  })
})

/** The page of a server with one plugin, where everybody got in who is like `stranger`, if it says anything. */
function pageOf(plugin: Plugin, stranger: Partial<Cell>, name: ServerName = 'MySQL 9.7', version = '1'): string {
  const cells = (['cold', 'warm'] as const).flatMap((memory) =>
    channels.flatMap((channel) =>
      ways.flatMap((way) =>
        caseNames.map((each): Cell => {
          const where = { plugin, channel, memory, name: each, way }
          const expected = expectedOf(name, [plugin], where)
          const traits = Object.entries(stranger)
          const isStranger = traits.length > 0 && traits.every(([key, value]) => where[key as 'way'] === value)
          const got = isStranger ? { in: '%u@%' } : expected[0]!
          return { ...where, got, expected, fast: false, expectedFast: false }
        }),
      ),
    ),
  )
  return compatibilityPage([{ name, version, cells }])
}
