import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as said from '../../../test/support/observations.ts'
import type { ConnectionReport } from './connection-report.ts'
import { HostNames } from './redact-hosts.ts'
import { reportOf } from './report.ts'

function report(...packets: said.Said[]): ConnectionReport {
  return reportOf(said.observed(said.greeting(), ...packets), { hex: true })
}

describe('HostNames', () => {
  it('blanks addresses and names everywhere, in words, fields and bytes', () => {
    const attributes = { _server_host: 'db7.example.com', program_name: 'mysql' }
    const denied = said.err(1045, "Access denied for user 'mary'@'app3.example.com' (using password: YES)", '28000')
    const known = report(said.login({ attributes }), denied)
    const redacted = new HostNames().redact(known)
    const text = JSON.stringify(redacted)
    for (const host of ['192.0.2.7', '192.0.2.1', 'db7.example.com', 'app3.example.com', 'example.com']) {
      assert.ok(!text.includes(host), host)
      assert.ok(!text.includes(Buffer.from(host).toString('hex')), `${host} in bytes`)
    }
    assert.deepEqual([redacted.client.address, redacted.server.address], ['host-1', 'host-2'])
    assert.match(redacted.verdict, /'mary'@'host-4'/)
    const lengths = (of: ConnectionReport) => of.steps.map(({ hex }) => hex?.length)
    assert.deepEqual(lengths(redacted), lengths(known))
  })

  it('keeps what names no host: versions, users, ports, localhost, and the rest of the report', () => {
    const known = report(
      said.login({ user: '10.0.0.1' }),
      said.err(1045, "Access denied for user 'x'@'localhost'", '28000'),
    )
    const redacted = new HostNames().redact(known)
    assert.equal(redacted.user, '10.0.0.1')
    assert.equal(redacted.server.version, '9.7.4')
    assert.equal(redacted.client.port, 50_000)
    assert.match(redacted.verdict, /'x'@'localhost'/)
    assert.deepEqual(redacted.server.capabilities, known.server.capabilities)
    assert.deepEqual(
      redacted.steps.map(({ kind, atMs }) => [kind, atMs]),
      known.steps.map(({ kind, atMs }) => [kind, atMs]),
    )
  })

  it('gives a host the same name all through a run', () => {
    const hosts = new HostNames()
    const first = hosts.redact(report(said.login()))
    const other = hosts.redact({ ...report(said.login()), client: { address: '2001:db8::5', port: 1, program: null } })
    assert.equal(other.client.address, 'host-3')
    assert.equal(other.server.address, first.server.address)
  })

  it('finds addresses in the words of others: findings, TLS, certificates', () => {
    const seen = report(said.login())
    const finding = {
      id: 'x',
      title: 'Wrong name',
      severity: 'note',
      certain: true,
      evidence: ['the certificate is for DB.example.org, not for 198.51.100.4 or fe80::1'],
      affects: '',
      remedy: {},
      reference: '',
    } as const
    const tls = {
      requested: true,
      offered: null,
      version: 'TLSv1.2',
      cipher: null,
      serverName: 'db.example.org',
      resumed: false,
      inside: 'seen',
      certificates: [
        { subject: 'CN=*.example.net', issuer: 'CN=Our CA', names: 'DNS:*.example.net', validFrom: '', validTo: '' },
      ],
      alerts: [],
    }
    const { findings, tls: shown } = new HostNames().redact({ ...seen, findings: [finding], tls })
    assert.equal(findings[0]?.evidence[0], 'the certificate is for host-3, not for host-6 or host-7')
    assert.deepEqual(shown?.certificates[0], {
      subject: 'CN=host-4',
      issuer: 'CN=host-5',
      names: 'DNS:host-4',
      validFrom: '',
      validTo: '',
    })
  })
})
