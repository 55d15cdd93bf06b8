import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ConfigurationError } from '../errors/errors.ts'
import { namedOptions } from './named-options.ts'
import type { ConnectOptions } from './options.ts'
import { parseConnectionUri } from './uri.ts'

describe('parseConnectionUri', () => {
  const understood: readonly [string, ConnectOptions][] = [
    ['mysql://', {}],
    ['mysql:///', {}],
    ['mysql://db.example', { host: 'db.example' }],
    ['MariaDB://db.example:/', { host: 'db.example' }],
    ['mysql://app@db.example:3307/shop', { user: 'app', host: 'db.example', port: 3307, database: 'shop' }],
    ['mysql://app:@h', { user: 'app', password: '', host: 'h' }],
    ['mysql://a%40b:p%3Aq%2Fr%3F%23%25@h/my%2Fdb', { user: 'a@b', password: 'p:q/r?#%', host: 'h', database: 'my/db' }],
    ['mysql://app:p@ss:w@rd@h', { user: 'app', password: 'p@ss:w@rd', host: 'h' }],
    ['mysql://app:a+b&c=d@h', { user: 'app', password: 'a+b&c=d', host: 'h' }],
    ['mysql://k%C3%A4se:%D0%BF@h', { user: 'käse', password: 'п', host: 'h' }],
    ['mysql://[::1]:3307/x', { host: '::1', port: 3307, database: 'x' }],
    ['mysql://[fe80::1%25eth0]', { host: 'fe80::1%eth0' }],
    ['mysql://app@/shop?socket=/run/my.sock', { user: 'app', database: 'shop', socketPath: '/run/my.sock' }],
    ['mysql://app@localhost/?socket=%2Frun%2Fa%20b', { user: 'app', host: 'localhost', socketPath: '/run/a b' }],
    ['mysql://app@%2Frun%2Fmy.sock/shop', { user: 'app', socketPath: '/run/my.sock', database: 'shop' }],
    ['mysql://h?ssl-mode=verify_ca&', { host: 'h', tls: { mode: 'VERIFY_CA' } }],
    ['mysql://h?sslMode=REQUIRED&tlsSniServername=x', { host: 'h', tls: { mode: 'REQUIRED', serverName: 'x' } }],
    ['mysql://h?ssl_mode=disabled', { host: 'h', tls: { mode: 'DISABLED' } }],
    ['mysql://h?compress&getServerPublicKey=off', { host: 'h', compress: ['zlib'], getServerPublicKey: false }],
    ['mysql://h?compression-algorithms=zstd,uncompressed', { host: 'h', compress: ['zstd'] }],
    ['mysql://h?connect-timeout=3', { host: 'h', connectTimeoutMs: 3000 }],
    ['mysql://h?connect-timeout=0', { host: 'h' }],
    [
      'mysql://h?connectTimeoutMs=250&maxAllowedPacket=64M',
      { host: 'h', connectTimeoutMs: 250, maxAllowedPacket: 1 << 26 },
    ],
    [
      'mysql://h?rowsAs=array&bigint=string&json=parsed',
      { host: 'h', rowsAs: 'array', bigint: 'string', json: 'parsed' },
    ],
    ['mysql://h?tls-version=TLSv1.3', { host: 'h', tls: { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } }],
    ['mysql://h?allow-plugins=caching_sha2_password', { host: 'h', allowPlugins: ['caching_sha2_password'] }],
  ]
  for (const [uri, options] of understood) {
    it(`understands ${uri}`, () => assert.deepEqual(parseConnectionUri(uri), options))
  }

  const refused: readonly [string, RegExp][] = [
    ['', /begins with mysql:\/\/ or mariadb:\/\//],
    ['db.example', /begins with/],
    ['jdbc:mysql://h', /begins with/],
    ['postgres://h', /begins with/],
    ['mysqlx://h', /X Protocol/],
    ['mysql://h:0', /port in the URI is from 1 to 65535/],
    ['mysql://h:65536', /port in the URI/],
    ['mysql://h:x', /not of the form/],
    ['mysql://h1,h2/', /not of the form/],
    ['mysql://[::g]', /no IPv6 address/],
    ['mysql://::1', /not of the form/],
    ['mysql://h/a/b', /more than one name/],
    ['mysql://h/a#b', /not of the form/],
    ['mysql://%2Frun%2Fs.sock:3306/', /a port to a unix socket/],
    ['mysql://db?socket=/s', /a host and a socket/],
    ['mysql://%2Fa?socket=/b', /'socket' twice/],
    ['mysql://h/a%00b', /holds a NUL/],
    ['mysql://h?sslmode=REQUIRED', /unknown parameter 'sslmode'; did you mean 'ssl-mode'\?/],
    ['mysql://h?frobnicate', /unknown parameter 'frobnicate'$/],
    ['mysql://h?__proto__=1', /unknown parameter/],
    ['mysql://h?ssl-mode=DISABLED&sslMode=REQUIRED', /'ssl-mode' twice/],
    ['mysql://h?ssl-mode', /ssl-mode needs a value/],
    ['mysql://h?ssl-mode=on', /ssl-mode is one of DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY, not 'on'/],
    ['mysql://h?compress=perhaps', /compress is on or off/],
    ['mysql://h?tls-version=TLSv1.1', /tls-version is one of TLSv1.2, TLSv1.3/],
    ['mysql://h?ssl-fingerprint=abc', /64 hex digits/],
    ['mysql://h?zstd-compression-level=23', /from 1 to 22/],
    ['mysql://h?max-allowed-packet=2G', /from 1024 to 1073741824/],
    ['mysql://h?allow-plugins=a,,b', /commas between/],
    ['mysql://h?ssl-ca=/nowhere/ca.pem', /ssl-ca: cannot read '\/nowhere\/ca.pem' \(ENOENT\)/],
    ['mysql://h?ssl-crlpath=/x', /ssl-crlpath is not offered/],
  ]
  for (const [uri, message] of refused) {
    it(`refuses '${uri}'`, () => assert.throws(() => parseConnectionUri(uri), { name: 'ConfigurationError', message }))
  }

  it('takes no parameter for what a URI says elsewhere, nor one that reads a token or permits several statements', () => {
    const outside = [...namedOptions].filter(([, { inUri }]) => !inUri).map(([name]) => name)
    assert.deepEqual(outside, [
      'host',
      'port',
      'user',
      'password',
      'password2',
      'password3',
      'database',
      'ssl-passphrase',
      'openid-token-file',
      'multi-statements',
    ])
    for (const name of outside) {
      assert.throws(() => parseConnectionUri(`mysql://h?${name}=1`), {
        message: `'${name}' cannot be a parameter of the URI`,
      })
    }
  })

  it('never repeats a password, whatever is wrong with the URI', () => {
    const places = [
      'geheim%zz',
      'a/geheim',
      '1/geheim',
      'a?geheim',
      '1?geheim',
      '1?geheim=1&x',
      '1#geheim',
      'gehe%00im',
      '1:geheim',
    ]
    for (const password of places) {
      for (const rest of ['@h', '@h/db', '@h:x/db', '@h?frob=1', '@h,h2', '@[x]']) {
        try {
          parseConnectionUri(`mysql://user:${password}${rest}`)
        } catch (error) {
          assert.ok(error instanceof ConfigurationError)
          assert.doesNotMatch(
            `${error.stack}`.replace(/\n\s+at .*/g, ''),
            /gehe|user:(?!password)/,
            `${password}${rest}`,
          )
        }
      }
    }
  })

  it('reads back what is percent-encoded, for any user, password and database', () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((part) => !part.includes('\0') && part.isWellFormed())
    fc.assert(
      fc.property(text, text, text, (user, password, database) => {
        const uri = `mysql://${[user, password].map(encodeURIComponent).join(':')}@h/${encodeURIComponent(database)}`
        assert.deepEqual(parseConnectionUri(uri), { user, password, host: 'h', database })
      }),
    )
  })

  it('fails on arbitrary text with nothing but a ConfigurationError', () => {
    const unit = fc.oneof(fc.constantFrom(...':/?#[]@%=&2F', 'ssl-mode'), fc.string({ minLength: 1, maxLength: 2 }))
    fc.assert(
      fc.property(fc.array(unit), (parts) => {
        try {
          parseConnectionUri(`mysql://${parts.join('')}`)
        } catch (error) {
          assert.ok(error instanceof ConfigurationError)
        }
      }),
    )
  })

  it('reads the files that parameters name, or lets the caller read them', () => {
    const directory = mkdtempSync(join(tmpdir(), 'saltgate-uri-'))
    try {
      const path = join(directory, 'x.pem')
      writeFileSync(path, 'content')
      const uri = `mysql://h?ssl-ca=${path}&ssl-cert=${path}&ssl-key=${path}&ssl-crl=${path}&server-public-key-path=${path}`
      const content = Buffer.from('content')
      const tls = { ca: [content], cert: content, key: content, crl: content }
      assert.deepEqual(parseConnectionUri(uri), { host: 'h', tls, serverPublicKey: 'content' })
      const read: string[] = []
      parseConnectionUri(uri, (name) => {
        read.push(name)
        return readFileSync(name)
      })
      assert.deepEqual(read, Array(5).fill(path))
      writeFileSync(join(directory, '0a1b2c3d.0'), 'one')
      writeFileSync(join(directory, '0a1b2c3d.1'), 'two')
      assert.deepEqual(parseConnectionUri(`mysql://?ssl-capath=${directory}`), {
        tls: { ca: [Buffer.from('one'), Buffer.from('two')] },
      })
      assert.throws(() => parseConnectionUri('mysql://?ssl-capath=/nowhere'), /cannot read the directory/)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('leaves the ciphers of the other TLS version as they are when only one is said', () => {
    const ciphers = (query: string) => parseConnectionUri(`mysql://?${query}`).tls?.ciphers?.split(':') ?? []
    const only13 = ciphers('tls-ciphersuites=TLS_AES_128_GCM_SHA256')
    assert.deepEqual(
      only13.filter((name) => name.startsWith('TLS_')),
      ['TLS_AES_128_GCM_SHA256'],
    )
    assert.ok(only13.includes('ECDHE-RSA-AES128-GCM-SHA256'))
    const only12 = ciphers('ssl-cipher=ECDHE-RSA-AES128-GCM-SHA256')
    assert.deepEqual(
      only12.filter((name) => !name.startsWith('TLS_')),
      ['ECDHE-RSA-AES128-GCM-SHA256'],
    )
    assert.ok(only12.includes('TLS_AES_256_GCM_SHA384'))
  })

  it("makes one mode of MariaDB's two flags", () => {
    const mode = (query: string) => parseConnectionUri(`mysql://h?${query}`).tls?.mode
    assert.equal(mode('ssl'), 'VERIFY_IDENTITY')
    assert.equal(mode('ssl=0'), 'DISABLED')
    assert.equal(mode('ssl-verify-server-cert'), 'VERIFY_IDENTITY')
    assert.equal(mode('ssl&ssl-verify-server-cert=0'), 'REQUIRED')
    assert.equal(mode('ssl=0&ssl-verify-server-cert'), 'DISABLED')
  })
})
