import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { captures } from '../../../test/support/captures.ts'
import * as said from '../../../test/support/observations.ts'
import { capability } from '../../packets/capabilities.ts'
import type { Finding } from '../finding.ts'
import { reportOf } from './report.ts'
import { testProofs } from './tested-proofs.ts'

const wrong = said.denied

describe('reportOf', () => {
  it('tells outcome, error, user and plugins of every capture in clear as the index has them', () => {
    for (const capture of captures.filter(({ tls }) => !tls)) {
      const { outcome, user, error, changedUser } = reportOf(said.observedIn(capture.name))
      const expected = capture.outcome
      if (expected === 'OK') assert.equal(outcome, 'ok', capture.name)
      else if (expected === null) assert.equal(outcome, 'aborted', capture.name)
      else if (outcome === 'refused') {
        assert.deepEqual(error, { code: expected.code, sqlState: expected.sqlstate, message: expected.message })
      }
      if (user !== null && capture.account !== '' && changedUser === null)
        assert.equal(user, capture.account, capture.name)
    }
  })

  it('has the fields that programs rely on, as plain JSON', () => {
    const report = reportOf(said.observedIn('ma118-sha2-full-rsa-pymysql111'))
    assert.deepEqual(JSON.parse(JSON.stringify(report)), report)
    assert.equal(report.server.version, '11.8.9-MariaDB-4 from Debian')
    assert.equal(report.user, 'sha2')
    assert.deepEqual(report.plugins, ['mysql_native_password', 'caching_sha2_password'])
    assert.equal(report.tls, null)
    assert.equal(report.outcome, 'ok')
    assert.equal(report.error, null)
    assert.equal(report.client.program, 'PyMySQL 1.1.1')
    assert.deepEqual(report.findings, [])
    assert.deepEqual(
      report.exchanges.map(({ by, dataBytes, answers }) => [by, dataBytes, answers]),
      [
        ['login', 21, [20]],
        ['switch', 21, [32, 1, 256]],
      ],
    )
    const kinds = report.steps.map(({ from, kind, phase }) => `${phase} ${from} ${kind}`)
    assert.deepEqual(kinds.slice(0, 9), [
      'greeting server HandshakeV10',
      'login client HandshakeResponse41',
      'authentication server AuthSwitchRequest',
      'authentication client AuthAnswer',
      'authentication server AuthMoreData',
      'authentication client AuthAnswer',
      'authentication server AuthMoreData',
      'authentication client AuthAnswer',
      'verdict server Ok',
    ])
    assert.deepEqual(
      report.steps.slice(2, 9).map(({ text }) => text),
      [
        'switch to caching_sha2_password, 20 bytes of nonce and a NUL',
        'scramble, 32 bytes',
        'full authentication is wanted',
        "request for the server's public key",
        "the server's RSA public key",
        'sealed password, 256 bytes',
        'OK',
      ],
    )
  })

  it('shows the fields of a packet by name: flags as names, text as text, secrets as lengths', () => {
    const seen = said.observed(said.greeting(), said.login({ database: 'shop', attributes: { _os: 'Linux' } }), said.ok)
    const fields = reportOf(seen).steps[1]?.fields
    assert.ok((fields?.capabilities as string[] | undefined)?.includes('CLIENT_PLUGIN_AUTH'))
    assert.equal(fields?.user, 'mary')
    assert.equal(fields?.database, 'shop')
    assert.deepEqual(fields?.authAnswer, { bytes: 32 })
    assert.deepEqual(fields?.connectAttributes, [['_os', 'Linux']])
    assert.deepEqual(fields?.collationId, { id: 255, name: 'utf8mb4_0900_ai_ci', charset: 'utf8mb4' })
    const hexed = reportOf(seen, { hex: true }).steps[1]
    assert.equal(hexed?.hex?.length, (hexed?.length ?? 0) * 2)
    assert.ok(hexed?.hex?.includes(`6d61727900${'20'}${'--'.repeat(32)}`))
  })

  it('counts the time between two steps, and orders what it knows apart from packets by time', () => {
    const seen = said.observed(said.greeting(), said.login(), wrong, said.serverLeaves)
    const steps = reportOf({ ...seen, gaps: [{ from: 'client', bytes: 7, atMs: 700 }] }).steps
    assert.deepEqual(
      steps.map(({ kind, atMs, sinceMs }) => [kind, atMs, sinceMs]),
      [
        ['HandshakeV10', 0, 0],
        ['HandshakeResponse41', 500, 500],
        ['Gap', 700, 200],
        ['Err', 1000, 300],
        ['Close', 1500, 500],
      ],
    )
  })

  it('names what a client says without an answer of any length', () => {
    const texts = (...packets: said.Said[]) =>
      reportOf(said.observed(said.greeting(), ...packets)).steps.map(({ text }) => text)
    assert.match(
      texts(said.login({ authAnswer: new Uint8Array(0) }))[1] ?? '',
      /caching_sha2_password, nothing proven yet/,
    )
    assert.equal(
      texts(said.login(), said.more(4), said.answer('secret\0'))[3],
      'password in clear on a plaintext channel, 7 bytes',
    )
    assert.equal(
      texts(said.login(), said.switchTo('mysql_clear_password'), said.answer('secret\0'))[3],
      'password in clear, 7 bytes',
    )
    assert.equal(texts(said.login(), said.switchTo('x'), said.answer(''))[3], 'empty answer: no password')
    assert.equal(texts(said.login(), said.more(3), said.ok)[2], 'fast authentication succeeded')
  })

  it('leaves out the text of a failed statement', () => {
    const seen = said.observed(said.greeting(), said.login(), said.ok)
    const err = said.observed(said.err(1064, "near 'x' at line 1", '42000')).packets[0]
    assert.ok(err !== undefined)
    const step = reportOf({ ...seen, packets: [...seen.packets, err] }).steps.findLast(({ kind }) => kind === 'Err')
    assert.equal(step?.text, "ERROR 1064 (42000): near '...")
    assert.equal(step?.fields?.message, null)
  })
})

describe('the verdict', () => {
  const verdict = (...packets: said.Said[]) => reportOf(said.observed(...packets)).verdict

  it('says in one sentence how a login ended', () => {
    const ends: [said.Said[], string][] = [
      [[said.greeting(), said.login(), said.ok], "'mary' logged in by caching_sha2_password without TLS."],
      [
        [said.greeting(), said.login(), wrong],
        "The server refused 'mary': ERROR 1045 (28000): Access denied for user 'mary'@'localhost' (using password: YES).",
      ],
      [
        [said.err(1040, 'Too many connections', '08004')],
        'The server refused the client before any greeting: ERROR 1040 (08004): Too many connections.',
      ],
      [[said.greeting(), said.clientLeaves], 'The client hung up after the greeting, without a login.'],
      [[said.clientLeaves], 'The client hung up before the server said anything.'],
      [
        [said.greeting(), said.login(), said.switchTo('client_ed25519'), said.clientLeaves],
        'The client hung up after it was asked for client_ed25519.',
      ],
      [
        [said.greeting(), said.login(), said.more(4), said.clientLeaves],
        'The client hung up in the middle of caching_sha2_password, without an answer to the server.',
      ],
      [
        [said.greeting(), said.login(), said.serverLeaves],
        'The server hung up before a verdict on its login by caching_sha2_password.',
      ],
      [[said.greeting(), said.login()], 'The capture ends before a verdict on its login by caching_sha2_password.'],
    ]
    for (const [packets, sentence] of ends) assert.equal(verdict(...packets), sentence)
  })

  it('names the plugin of each factor, not those that were switched away', () => {
    const factors = [said.login(), said.switchTo('mysql_native_password'), said.answer(said.scramble(20))]
    const text = verdict(said.greeting(), ...factors, said.nextFactor('dialog'), said.answer('pw\0'), said.ok)
    assert.equal(text, "'mary' logged in by mysql_native_password, then dialog without TLS.")
  })

  it('adds the cause that a decisive finding proves, and no other', () => {
    const finding: Finding = {
      id: 'x',
      title: 'The moon is full',
      severity: 'decisive',
      affects: 'all',
      remedy: {},
      reference: 'https://example.com/',
    }
    const seen = said.observed(said.greeting(), said.login(), wrong)
    const told = (severity: Finding['severity'], certain: boolean) =>
      reportOf(seen, { found: [{ finding: { ...finding, severity }, evidence: { certain, lines: [] } }] }).verdict
    assert.match(told('decisive', true), / Why: the moon is full\.$/)
    assert.doesNotMatch(told('decisive', false), /Why/)
    assert.doesNotMatch(told('risk', true), /Why/)
  })

  it('says what another protocol is', () => {
    const seen = said.observed(said.greeting())
    assert.match(
      reportOf({ ...seen, foreign: 'http' }).verdict,
      /^This is no MySQL connection: one side speaks HTTP\.$/,
    )
  })

  it('tells TLS that broke from TLS that cannot be read', () => {
    const ssl = said.greeting({ capabilities: 0xdfffffff })
    const broken = said.observedInTls([ssl], {
      alerts: [{ from: 'client', level: 'fatal', description: 'unknown_ca', atMs: 3 }],
    })
    assert.match(reportOf(broken).verdict, /in TLS, after the client had sent the alert unknown_ca\.$/)
    assert.match(reportOf(said.observedInTls([ssl], { inside: 'no-keys' })).verdict, /--keylog/)
  })
})

describe('testProofs', () => {
  it('tells the 21-byte nonce of PyMySQL 1.1.1 from the proof of 1.2.0, and leaves the password as it is', () => {
    const password = Buffer.from('pw-sha2')
    const of = (name: string) => testProofs(said.observedIn(name), password)
    const old = of('ma118-sha2-full-rsa-pymysql111')
    assert.deepEqual(
      old.proofs.map(({ nonce }) => nonce),
      ['21-bytes'],
    )
    assert.equal(old.said[0], 'right')
    assert.match(old.said[1] ?? '', /21 bytes/)
    assert.deepEqual(of('ma118-sha2-full-rsa-pymysql120').said, ['right', 'right'])
    assert.equal(password.toString(), 'pw-sha2')
  })

  it('says so when no form of the password explains a proof, and nothing of what it cannot test', () => {
    const seen = said.observed(
      said.greeting(),
      said.login(),
      said.switchTo('client_ed25519'),
      said.answer(said.scramble(64)),
    )
    assert.deepEqual(testProofs(seen, Buffer.from('other')).said, ['no form of the password explains it', undefined])
  })

  it('tests a password that was sent in clear', () => {
    const login = said.login({ authPluginName: 'mysql_clear_password', authAnswer: Buffer.from('secret\n\0') })
    const { said: told } = testProofs(said.observed(said.greeting(), login), Buffer.from('secret'))
    assert.match(told[0] ?? '', /newline|line/)
  })
})

describe('capabilities in a report', () => {
  it("has MariaDB's own bits behind those of MySQL", () => {
    const flags = capability.PROTOCOL_41 | capability.SECURE_CONNECTION
    const seen = said.observed(
      said.greeting(),
      said.login({ capabilities: flags, mariadbCapabilities: 4, authPluginName: undefined }),
    )
    assert.deepEqual(reportOf(seen).login?.capabilities, [
      'CLIENT_PROTOCOL_41',
      'CLIENT_SECURE_CONNECTION',
      'MARIADB_CLIENT_STMT_BULK_OPERATIONS',
    ])
  })
})
