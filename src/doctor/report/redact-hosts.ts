/**
 * Takes names and addresses of hosts out of reports, so that they can be passed on: each becomes `host-1`, `host-2`, the same one all
 * through a run. `localhost` stays, it names no host; so do versions, users and ports.
 */
import { isIP } from 'node:net'
import type { ConnectionReport } from './connection-report.ts'

export class HostNames {
  readonly #pseudonyms = new Map<string, string>()

  redact(report: ConnectionReport): ConnectionReport {
    const hosts = hostsOf(report)
    // Longer names first: `db.example.com` before `db`.
    const pattern = hosts.toSorted((a, b) => b.length - a.length).map((host) => escapeRegExp(host))
    const named = pattern.length === 0 ? undefined : new RegExp(`(?<![\\w.-])(?:${pattern.join('|')})(?![\\w-])`, 'gi')
    for (const host of hosts) this.#pseudonym(host)
    const text = (value: string) => {
      const known = named === undefined ? value : value.replace(named, (host) => this.#pseudonym(host))
      return known.replace(addressLike, (token) => (isIP(token) === 0 ? token : this.#pseudonym(token)))
    }
    return rewritten(report, text, hosts) as ConnectionReport
  }

  #pseudonym(host: string): string {
    const key = host.toLowerCase()
    let name = this.#pseudonyms.get(key)
    if (name === undefined) {
      name = `host-${this.#pseudonyms.size + 1}`
      this.#pseudonyms.set(key, name)
    }
    return name
  }
}

/** In the order in which a reader meets them. */
function hostsOf({ client, server, tls, login, error, steps }: ConnectionReport): readonly string[] {
  const attributes = (login?.attributes ?? []).filter(([name]) => hostAttributes.has(name)).map(([, value]) => value)
  const certificates = (tls?.certificates ?? []).flatMap(({ subject, issuer, names }) => [
    ...Array.from(names.matchAll(/(?:DNS|IP Address):([^,\s]+)/g), ([, name]) => name),
    ...Array.from(`${subject}, ${issuer}`.matchAll(/CN=([^,]+)/g), ([, name]) => name),
  ])
  const messages = [error?.message ?? '', ...steps.filter(({ kind }) => kind === 'Err').map(({ text }) => text)]
  const quoted = messages.flatMap((message) =>
    Array.from(message.matchAll(/(?:@|Host )'([^']+)'/g), ([, name]) => name),
  )
  const all = [client.address, server.address, tls?.serverName, ...attributes, ...certificates, ...quoted]
  return [
    ...new Set(all.filter((host) => host !== undefined && host !== null && host !== '' && !kept.has(host))),
  ] as string[]
}

const hostAttributes = new Set(['_server_host', '_client_host', '_host', 'hostname'])

/** Patterns of account names, and what every host calls itself. */
const kept = new Set(['localhost', '%', '_'])

const addressLike =
  /(?<![\w.])(?:\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)|[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*[0-9a-f](?![\w:]))/gi

/** Fields that say no host, whatever they look like. */
const untouched = new Set([
  'version',
  'serverVersion',
  'user',
  'changedUser',
  'kind',
  'startedAt',
  'validFrom',
  'validTo',
])

function rewritten(value: unknown, text: (value: string) => string, hosts: readonly string[]): unknown {
  if (typeof value === 'string') return text(value)
  if (Array.isArray(value)) return value.map((item) => rewritten(item, text, hosts))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      if (untouched.has(name)) return [name, inner]
      return [name, name === 'hex' && typeof inner === 'string' ? blank(inner, hosts) : rewritten(inner, text, hosts)]
    }),
  )
}

/** In the bytes of a packet: two signs for each byte stay two signs. */
function blank(hex: string, hosts: readonly string[]): string {
  let blanked = hex
  for (const host of hosts) {
    const bytes = Buffer.from(host).toString('hex')
    for (let at = blanked.indexOf(bytes); at !== -1; at = blanked.indexOf(bytes, at + 1)) {
      if (at % 2 === 0)
        blanked = blanked.slice(0, at) + '--'.repeat(bytes.length / 2) + blanked.slice(at + bytes.length)
    }
  }
  return blanked
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}
