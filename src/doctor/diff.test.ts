import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as said from '../../test/support/observations.ts'
import { capability } from '../packets/capabilities.ts'
import { type Difference, diffObservations, diffReports } from './diff.ts'
import { aligned, diffText } from './diff-text.ts'
import { reportOf } from './report/report.ts'

const password = Buffer.from('pw-sha2')
const usual = [said.greeting(), said.login(), said.more(3), said.ok]

function between(a: readonly said.Said[], b: readonly said.Said[]): Difference[] {
  return diffObservations(said.observed(...a), said.observed(...b))
}

function brief(differences: readonly Difference[]): string[] {
  return differences.map(({ what, decides }) => `${decides}: ${what}`)
}

describe('diffObservations', () => {
  it('finds nothing between two logins of the same client, whatever their nonces', () => {
    const other = said.greeting({ connectionId: 99, authPluginData: Buffer.from('ABCDEFGHIJKLMNOPQRST\0') })
    assert.deepEqual(between(usual, [other, ...usual.slice(1)]), [])
  })

  it('puts the wrong proof of PyMySQL 1.1.1 before all else, with the password', () => {
    const cli = said.observedIn('ma118-sha2-full-rsa-mysql97')
    const [first] = diffObservations(cli, said.observedIn('ma118-sha2-full-rsa-pymysql111'), password)
    assert.equal(first?.what, 'proof')
    assert.equal(first?.decides, 'yes')
    assert.equal(first?.a, 'right')
    assert.match(first?.b ?? '', /21 bytes of the 20-byte nonce/)
  })

  it('puts it first as a possibility without the password, and not where 1.2.0 is compared', () => {
    const cli = said.observedIn('ma118-sha2-full-rsa-mysql97')
    const [first] = diffObservations(cli, said.observedIn('ma118-sha2-full-rsa-pymysql111'))
    assert.deepEqual([first?.what, first?.decides, first?.a], ['nonce-21-bytes', 'possibly', '-'])
    const mended = diffObservations(cli, said.observedIn('ma118-sha2-full-rsa-pymysql120'), password)
    assert.ok(mended.every(({ what, decides }) => what !== 'nonce-21-bytes' && decides !== 'yes'))
  })

  it('puts it first where a proxy checks the scramble: the CLI is in, PyMySQL 1.1.1 is refused', () => {
    const hello = said.greeting({ authPluginName: 'mysql_native_password' })
    const behindSwitch = (attributes: Readonly<Record<string, string>>, verdict: readonly said.Said[]) => [
      hello,
      said.login({ attributes, authPluginName: 'mysql_native_password', authAnswer: said.scramble(20) }),
      said.switchTo('caching_sha2_password'),
      said.answer(said.scramble(32)),
      ...verdict,
    ]
    const cli = behindSwitch({ _client_name: 'libmysql', _client_version: '9.7.4' }, [said.more(3), said.ok])
    const driver = behindSwitch({ _client_name: 'pymysql', _client_version: '1.1.1' }, [said.denied, said.serverLeaves])
    const listed = brief(between(cli, driver))
    assert.equal(listed[0], 'possibly: nonce-21-bytes')
    assert.ok(listed.every((line) => !line.startsWith('yes')))
  })

  it('ranks what the protocol needs before what an account may need before what describes', () => {
    const flags = 0x19bfa285 & ~capability.CONNECT_ATTRS
    const poor = said.login({
      capabilities:
        flags & ~(capability.PLUGIN_AUTH | capability.MULTI_FACTOR_AUTHENTICATION | capability.MULTI_RESULTS),
      authPluginName: undefined,
      authAnswer: said.scramble(20),
    })
    const listed = brief(between(usual, [said.greeting(), poor, said.denied]))
    const position = (what: string) => listed.indexOf(what)
    assert.ok(position('yes: CLIENT_PLUGIN_AUTH of the client') >= 0)
    assert.ok(position('yes: last plugin') >= 0)
    assert.ok(position('yes: last plugin') < position('possibly: CLIENT_MULTI_FACTOR_AUTHENTICATION of the client'))
    assert.ok(
      position('possibly: CLIENT_MULTI_FACTOR_AUTHENTICATION of the client') <
        position('no: CLIENT_MULTI_RESULTS of the client'),
    )
    assert.ok(listed.includes('no: outcome'))
  })

  it('sees a login without a password', () => {
    const none = [said.greeting(), said.login({ authAnswer: new Uint8Array(0) }), said.denied]
    const answers = between(usual, none).find(({ what }) => what === 'answers to caching_sha2_password')
    assert.deepEqual([answers?.a, answers?.b, answers?.decides], ['32 bytes', '0 bytes', 'yes'])
  })

  it('takes another character set as decisive only where it can be', () => {
    const decides = (user: string, collationId: number) => {
      const one = (id: number) => [said.greeting(), said.login({ user, collationId: id }), said.ok]
      return between(one(255), one(collationId)).find(({ what }) => what === 'collation')?.decides
    }
    assert.equal(decides('mary', 8), 'no')
    assert.equal(decides('zoë', 8), 'possibly')
    assert.equal(decides('mary', 35), 'yes')
  })

  it('sees TLS, its end by an alert, and who was not greeted', () => {
    const plain = reportOf(said.observed(...usual))
    const secure = reportOf(said.observedInTls(usual))
    assert.ok(brief(diffReports(plain, secure)).includes('possibly: channel'))
    const alerts = [{ from: 'client', level: 'fatal', description: 'unknown_ca', atMs: 2 }] as const
    const broken = reportOf(said.observedInTls([said.greeting()], { alerts }))
    assert.equal(brief(diffReports(secure, broken))[0], 'yes: TLS handshake')
    const shut = reportOf(said.observed(said.err(1040, 'Too many connections', '08004')))
    assert.ok(brief(diffReports(plain, shut)).includes('yes: greeting'))
  })

  it('compares reports that were written as JSON', () => {
    const a = reportOf(said.observedIn('my97-sha2-full-rsa-mysql97'))
    const b = reportOf(said.observedIn('my97-sha256-ok-go'))
    const again = (report: typeof a): typeof a => JSON.parse(JSON.stringify(report))
    assert.deepEqual(diffReports(again(a), again(b)), diffReports(a, b))
  })
})

describe('diffText', () => {
  const a = reportOf(said.observed(...usual))
  const b = reportOf(
    said.observed(said.greeting(), said.login({ user: 'bob\u001b[2J' }), said.switchTo('dialog'), said.denied),
  )

  it('says first what decides, then lays the steps side by side and marks those that differ', () => {
    const text = diffText([a, b], ['works.pcap', 'fails.pcap'], diffReports(a, b), { colour: false, width: 130 })
    const lines = text.split('\n')
    assert.match(lines[0] ?? '', /^A {2}works\.pcap +B {2}fails\.pcap$/)
    const at = (what: RegExp) => lines.findIndex((line) => what.test(line))
    assert.ok(at(/^decides {3}user/) > 0)
    assert.ok(at(/^decides/) < at(/^Step by step/))
    assert.ok(at(/<- greeting.* = <- greeting/) > 0)
    assert.ok(at(/-> login of 'mary'.* # -> login of 'bob/) > 0)
    assert.ok(at(/^ +# <- switch to dialog/) > 0)
    assert.ok(lines.every((line) => line.length <= 130 || /^ {2}|^decides/.test(line)))
    assert.doesNotMatch(text, /[^\n\P{Cc}]/u)
  })

  it('says so when nothing decides', () => {
    const text = diffText([a, a], ['x', 'x'], [], { colour: false, width: 100 })
    assert.match(text, /^Nothing differs that can decide a login\.$/m)
    assert.doesNotMatch(text, / # /)
  })
})

describe('aligned', () => {
  it('keeps the order of both sides and leaves no step of the login out', () => {
    const left = reportOf(said.observedIn('my97-sha2-full-rsa-mysql97')).steps
    const right = reportOf(said.observedIn('ma118-sha2-full-rsa-pymysql111')).steps
    const pairs = aligned(left, right)
    const of = (steps: typeof left) => steps.filter(({ phase }) => phase !== 'commands')
    assert.deepEqual(
      pairs.flatMap(([step]) => step ?? []),
      of(left),
    )
    assert.deepEqual(
      pairs.flatMap(([, step]) => step ?? []),
      of(right),
    )
    assert.ok(pairs.some(([one, other]) => one?.kind === 'Ok' && other?.kind === 'Ok'))
  })
})
