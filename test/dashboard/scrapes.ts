/** Scrapes of real doors that have seen some of everything, and what they say. The reader of the text shares no code with what writes it. */
import assert from 'node:assert/strict'
import { connect } from '../../src/client/connect.ts'
import { Metrics } from '../../src/dashboard/metrics/metrics.ts'
import type { Watched } from '../../src/dashboard/watched.ts'
import { viewOf } from '../../src/gateway/view.ts'
import { openAdminPlane } from '../support/admin-plane.ts'
import { type DnsServer, startDnsServer } from '../support/dns-server.ts'
import { openDoor } from '../support/door.ts'
import { RawClient } from '../support/raw-client.ts'

export interface Line {
  readonly name: string
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
}

export interface Scrapes {
  /** Prometheus' text. */
  readonly door: string
  readonly gateway: string
  readonly gatewayOpenMetrics: string
}

const noReaders = { readers: () => 0, dropped: () => 0 }

export function metricsOf(watched: Omit<Watched, 'listening'>): Metrics {
  return new Metrics({ ...watched, listening: [] }, noReaders)
}

/** Of a front door and of a gateway: admitted, refused, with and without a name and TLS, and a client that says nothing. */
export async function scrapeDoors(): Promise<Scrapes> {
  const dns = await startDnsServer()
  try {
    return { door: await scrapeDoor(dns), ...(await scrapeGateway()) }
  } finally {
    await dns.close()
  }
}

/** The lines with values, in order. Throws: on any line that is none. */
export function linesOf(text: string): Line[] {
  return text.split('\n').flatMap((line) => {
    if (line === '' || line.startsWith('# ')) return []
    const parts = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
    assert.ok(parts, line)
    const [, name = '', labels = '', value = ''] = parts
    const pairs = [...labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/g)]
    assert.equal(pairs.map(([pair]) => pair).join(''), labels, line)
    return [{ name, labels: new Map(pairs.map(([, label = '', said = '']) => [label, said])), value: Number(value) }]
  })
}

async function scrapeDoor(dns: DnsServer): Promise<string> {
  const server = await openDoor({
    accounts: [{ user: 'app', password: 'right', plugin: 'mysql_native_password' }],
    dnsServers: [dns.address],
  })
  try {
    const to = { host: '127.0.0.1', port: server.port, user: 'app', password: 'right' }
    const admitted = await connect({ ...to, tls: { mode: 'REQUIRED' } })
    const silent = await RawClient.connect({ port: server.port })
    await silent.greeting()
    const refused = await RawClient.connect({ port: server.port, localAddress: '127.0.0.6' })
    await refused.login({ user: 'app', password: 'wrong' })
    const text = await metricsOf({ administered: server.door }).render(false)
    await admitted.close()
    for (const client of [silent, refused]) client.destroy()
    return text
  } finally {
    await server.close()
  }
}

async function scrapeGateway(): Promise<Pick<Scrapes, 'gateway' | 'gatewayOpenMetrics'>> {
  const plane = await openAdminPlane()
  try {
    await using _clerk = await plane.login(plane.gateway.port, 'clerk1', 'pw-of-clerk')
    const { front, gateway } = plane.gateway
    const metrics = metricsOf({ administered: front.door, gateway: viewOf(gateway) })
    return { gateway: await metrics.render(false), gatewayOpenMetrics: await metrics.render() }
  } finally {
    await plane.close()
  }
}
