/** The server's name, there and back: what a login waits for before it begins, on both sides. */
import { lookup, lookupService } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Probe } from './probe.ts'

/** `undefined` for an address. Never rejects; each question has three seconds. */
export async function examineNames(host: string): Promise<Probe['names']> {
  if (isIP(host) !== 0) return undefined
  const startedMs = performance.now()
  const found = await inTime(lookup(host, { all: true, order: 'verbatim' }))
  const lookupMs = performance.now() - startedMs
  if (found instanceof Error) {
    return { host, addresses: [], lookupMs, reverse: new Map(), error: codeOf(found) }
  }
  const addresses = [...new Set(found.map(({ address }) => address))]
  const reverse = new Map<string, { names: readonly string[]; ms: number }>()
  for (const address of addresses.slice(0, mostAddresses)) reverse.set(address, await backwards(address))
  return { host, addresses, lookupMs, reverse, error: undefined }
}

/** As mysqld asks for its clients' names: hosts file first, then DNS. */
async function backwards(address: string): Promise<{ readonly names: readonly string[]; readonly ms: number }> {
  const startedMs = performance.now()
  const found = await inTime(lookupService(address, 0))
  const ms = performance.now() - startedMs
  // Without a name it gives the address back.
  return { names: found instanceof Error || found.hostname === address ? [] : [found.hostname], ms }
}

async function inTime<T>(question: Promise<T>): Promise<T | Error> {
  const late = Promise.withResolvers<Error>()
  const timer = setTimeout(() => late.resolve(Object.assign(new Error('no answer'), { code: 'ETIMEOUT' })), 3000)
  try {
    return await Promise.race([question, late.promise])
  } catch (error) {
    return error as Error
  } finally {
    clearTimeout(timer)
  }
}

function codeOf(error: NodeJS.ErrnoException): string {
  return error.code ?? error.message
}

const mostAddresses = 8
