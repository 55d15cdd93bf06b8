/**
 * A connection written as a URI: `mysql://user:password@host:port/database?ssl-mode=REQUIRED`.
 *
 * Parameters have MySQL's option names (`ssl-mode`) or the same in camel case (`sslMode`), and only those that a URI may set: an
 * application that builds a URI from what others typed gives them no password file to read, no second host, no statement to run.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/connecting-using-uri-or-key-value-pairs.html
 */
import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { ConfigurationError } from '../errors/errors.ts'
import { didYouMean } from '../errors/nearest-name.ts'
import { canonicalName, connectOptionsOf, type NamedSetting, namedOptions } from './named-options.ts'
import type { ReadFile } from './named-values.ts'
import type { ConnectOptions } from './options.ts'

/**
 * Turns a URI into options for `connect`. A unix socket is written `mysql://user@/database?socket=/path` or, percent-encoded,
 * in the place of the host: `mysql://user@%2Fpath/database`. An IPv6 address stands in brackets.
 *
 * Files that parameters name (`ssl-ca`, `ssl-cert`, `ssl-key`, ...) are read at once, by `readFile`.
 * Throws: `ConfigurationError` for anything that is not understood; the message holds neither password nor user.
 */
export function parseConnectionUri(text: string, readFile: ReadFile = readFileSync): ConnectOptions {
  return connectOptionsOf(uriSettings(text), readFile)
}

/** Whether a text is meant as a URI: it has a scheme. */
export function looksLikeUri(text: string): boolean {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(text)
}

/**
 * What a URI says, as settings of `namedOptions`.
 *
 * Throws: `ConfigurationError`, as `parseConnectionUri`.
 */
export function uriSettings(text: string): NamedSetting[] {
  const rest = afterScheme(text)
  // Where one of these is in a password, the parts below would be cut at the wrong place, and be shown in messages.
  const [, authority = '', path = '', query = ''] = /^([^/?#]*)(?:\/([^?#@]*))?(?:\?([^#@]*))?$/.exec(rest) ?? refuse()
  const at = authority.lastIndexOf('@')
  const [user, password] = at < 0 ? [] : splitOnce(authority.slice(0, at), ':')
  const settings: NamedSetting[] = [
    ...said('user', user && decoded(user, 'the user')),
    ...said('password', password === undefined ? undefined : decoded(password, 'the password')),
    ...hostSettings(authority.slice(at + 1)),
    ...said('database', path === '' ? undefined : databaseName(path)),
  ]
  const parameters = query.split('&').filter((parameter) => parameter !== '')
  for (const setting of parameters.map(parameterSetting)) {
    const before = settings.find(({ name }) => name === setting.name)
    if (before !== undefined) throw new ConfigurationError(`the URI gives '${setting.name}' twice`)
    settings.push(setting)
  }
  const host = settings.find(({ name }) => name === 'host')?.value
  if (
    parameters.length > 0 &&
    settings.some(({ name }) => name === 'socket') &&
    (host ?? 'localhost') !== 'localhost'
  ) {
    throw new ConfigurationError(
      'the URI names a host and a socket: leave the host away (mysql://user@/database?socket=/path)',
    )
  }
  return settings
}

function afterScheme(text: string): string {
  const [, scheme, rest] = /^([a-z][a-z\d+.-]*):\/\/(.*)$/is.exec(text) ?? []
  if (/^(?:mysql|mariadb)$/i.test(scheme ?? '') && rest !== undefined) return rest
  if (/^mysqlx$/i.test(scheme ?? '')) {
    throw new ConfigurationError(
      'mysqlx:// is the X Protocol, which is another one: use mysql:// and the port of the classic protocol (3306, not 33060)',
    )
  }
  throw new ConfigurationError('a connection URI begins with mysql:// or mariadb://')
}

function refuse(): never {
  throw new ConfigurationError(
    'the URI is not of the form mysql://user:password@host:port/database?option=value; in names and passwords, write / as %2F, ? as %3F, # as %23, @ as %40, % as %25',
  )
}

function hostSettings(text: string): NamedSetting[] {
  const [, bracketed, plain = '', port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{0,5}))?$/.exec(text) ?? refuse()
  if (bracketed !== undefined) {
    const address = decoded(bracketed, 'the host')
    if (!isIPv6(address)) throw new ConfigurationError('the URI has something in brackets that is no IPv6 address')
    return [...said('host', address), ...portSetting(port)]
  }
  const host = decoded(plain, 'the host')
  if (host.startsWith('/')) {
    if (port) throw new ConfigurationError('the URI gives a port to a unix socket')
    return said('socket', host)
  }
  if (/[\s,/@()]/.test(host)) refuse()
  return [...said('host', host || undefined), ...portSetting(port)]
}

function portSetting(port: string | undefined): NamedSetting[] {
  if (!port) return []
  if (Number(port) < 1 || Number(port) > 65_535) throw new ConfigurationError('the port in the URI is from 1 to 65535')
  return said('port', port)
}

function databaseName(path: string): string {
  if (path.includes('/')) throw new ConfigurationError('the URI has more than one name behind the host: write / as %2F')
  return decoded(path, 'the database')
}

function parameterSetting(parameter: string): NamedSetting {
  const [written, value] = splitOnce(parameter, '=')
  const kebab = decoded(written, 'a parameter').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  const name = canonicalName(kebab)
  const option = namedOptions.get(name)
  if (option === undefined) {
    const known = [...namedOptions].filter(([, { inUri }]) => inUri).map(([other]) => other)
    throw new ConfigurationError(`the URI has an unknown parameter '${kebab}'${didYouMean(kebab, known)}`)
  }
  if (!option.inUri) throw new ConfigurationError(`'${name}' cannot be a parameter of the URI`)
  return { name, value: value === undefined ? undefined : decoded(value, `the parameter '${name}'`), origin }
}

function said(name: string, value: string | undefined): NamedSetting[] {
  return value === undefined ? [] : [{ name, value, origin }]
}

/** A `+` stays: it is a space only in forms. */
function decoded(text: string, what: string): string {
  let plain: string
  try {
    plain = decodeURIComponent(text)
  } catch {
    throw new ConfigurationError(
      `${what} in the URI has a % that does not stand before two hex digits of UTF-8: write % as %25`,
    )
  }
  if (plain.includes('\0')) throw new ConfigurationError(`${what} in the URI holds a NUL`)
  return plain
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

const origin = 'the URI'
