/** The section `dashboard` of the configuration file, and what takes its place: `--dashboard` and SALTGATE_DASHBOARD_PASSWORD. */
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { resolve } from 'node:path'
import { z } from 'zod'
import { ConfigurationError } from '../errors/errors.ts'
import { discreet } from '../gateway/discreet.ts'
import type { LoadedConfig } from '../server/config.ts'
import { listenText } from '../server/config-shape.ts'
import { type ListenAddress, parseListen } from '../server/listen-address.ts'
import type { AccessOptions } from './access.ts'

export interface DashboardConfig {
  /** `HOST:PORT` or `[IPv6]:PORT`; `false`: there is no dashboard. Default 127.0.0.1:3380. */
  readonly listen?: string | false
  /** Asked for by HTTP Basic, with any user name. Addresses that are not this machine's own need it, or `clientCa`. */
  readonly password?: string
  /** PEM file, from the configuration's directory: who may sign certificates of those who look. With it the dashboard speaks HTTPS. */
  readonly clientCa?: string
  /** Names by which the dashboard is reached besides its address: those of a proxy before it, or of DNS. */
  readonly allowedHosts?: readonly string[]
}

export interface DashboardOptions {
  readonly listen: string
  /** Somebody wrote where it listens; otherwise a port that is taken is no reason not to open the door. */
  readonly asked: boolean
  readonly access: AccessOptions
}

export const defaultListen = '127.0.0.1:3380'

/**
 * Settles where the dashboard listens and who may see it; `undefined`: there is none. `said` is the `--dashboard` of the command line
 * (`HOST:PORT` or `off`), and `password` that of the environment; both win over the file.
 *
 * Throws (as a rejection): `ConfigurationError` of one line: place and remedy.
 */
export async function dashboardOptions(
  config: Pick<LoadedConfig, 'file' | 'base' | 'sections'>,
  said: string | undefined,
  password?: string,
): Promise<DashboardOptions | undefined> {
  const section = (config.sections.dashboard ?? {}) as DashboardConfig
  const listen = said === undefined ? section.listen : said === 'off' ? false : said
  if (listen === false) return undefined
  if (said !== undefined) tcpAddress(said, '--dashboard ')
  const secret = password ?? section.password
  const { clientCa, allowedHosts } = section
  const access = {
    ...(secret !== undefined && { password: secret }),
    ...(clientCa !== undefined && { clientCa: await readCa(resolve(config.base, clientCa), config.file) }),
    ...(allowedHosts !== undefined && { allowedHosts: allowedHosts.map((host) => host.toLowerCase()) }),
  }
  return { listen: listen ?? defaultListen, asked: listen !== undefined, access: discreet(access, 'password') }
}

/** Takes the dashboard's password out of the environment, where children and hooks would see it. */
export function takeDashboardPassword(): string | undefined {
  const password = process.env.SALTGATE_DASHBOARD_PASSWORD
  delete process.env.SALTGATE_DASHBOARD_PASSWORD
  if (password === '') {
    throw new ConfigurationError('SALTGATE_DASHBOARD_PASSWORD is empty: give it a password, or unset it')
  }
  return password
}

/** Throws: `ConfigurationError` for what is no `HOST:PORT`. */
export function tcpAddress(text: string, prefix = ''): Extract<ListenAddress, { kind: 'tcp' }> {
  const address = text.includes('/') ? undefined : parseListen(text)
  if (address?.kind === 'tcp') return address
  throw new ConfigurationError(`${prefix}the dashboard cannot listen on '${text}': write HOST:PORT (${defaultListen})`)
}

async function readCa(path: string, file: string | undefined): Promise<string> {
  const place = `${file ?? 'the configuration'}: dashboard.clientCa: ${path}`
  const pem = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ConfigurationError(`${place} cannot be read (${error.code}): check the path`)
  })
  try {
    new X509Certificate(pem)
  } catch {
    throw new ConfigurationError(`${place} holds no certificate: write the path of a PEM file`)
  }
  return pem
}

const hostName = z
  .string()
  .refine(
    (text) => /^[a-z0-9]([a-z0-9._-]{0,252})$/i.test(text) || (/^\[.*\]$/.test(text) && isIPv6(text.slice(1, -1))),
    'must be a name or an address without a port',
  )

const tcpText = listenText.refine((text) => !text.includes('/'), 'must be HOST:PORT, not a socket path')

const shape = z.strictObject({
  listen: z.union([tcpText, z.literal(false)], 'must be HOST:PORT or false').optional(),
  password: z.string().min(1).max(1000).optional(),
  clientCa: z.string().min(1).optional(),
  allowedHosts: z.array(hostName).optional(),
} satisfies Record<keyof DashboardConfig, z.ZodType>)

/** For `sections` of `loadConfig`, under the name `dashboard`. Printing what it makes shows no password. */
export const dashboardSection = shape.transform((config) => discreet(config, 'password'))
