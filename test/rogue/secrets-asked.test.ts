/** Servers that ask for the password itself, in every way and on every channel: what they get of it is nothing. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import type { ConnectOptions } from '../../src/client/options.ts'
import { bytes, text } from '../support/bytes.ts'
import { fingerprintOf, good, type Identity, knownAuthority, misnamed, selfSigned } from './certificates.ts'
import { meet, welcome } from './meet.ts'
import { moreData, nextFactor, nonce, ok, switchTo } from './packets.ts'
import { type Course, dialogue } from './scripts.ts'
import { leaksIn, password, roguePem } from './secrets.ts'

const stranger = misnamed['with the name of another'] as Identity
const allowed: ConnectOptions = { enableCleartextPlugin: true, getServerPublicKey: false }

/** Channel -> what the rogue has, what the victim asks for. On none of them is the server proven. */
const channels: Readonly<Record<string, { course: Course; options: ConnectOptions; refusedInTls?: boolean }>> = {
  'in clear': { course: {}, options: { ...allowed, tls: { mode: 'DISABLED' } } },
  'in clear, where TLS would do': { course: {}, options: { ...allowed, tls: { mode: 'PREFERRED' } } },
  'over TLS to anybody': { course: { tls: selfSigned }, options: { ...allowed, tls: { mode: 'REQUIRED' } } },
  'over TLS, were it offered': { course: { tls: selfSigned }, options: { ...allowed, tls: { mode: 'PREFERRED' } } },
  'over TLS to any name': {
    course: { tls: stranger },
    options: { ...allowed, tls: { mode: 'VERIFY_CA', ca: knownAuthority } },
  },
  'over TLS with the name of another': {
    course: { tls: stranger },
    options: { ...allowed, tls: { mode: 'VERIFY_IDENTITY', ca: knownAuthority } },
    refusedInTls: true,
  },
  'over TLS with another fingerprint': {
    course: { tls: selfSigned },
    options: { ...allowed, tls: { mode: 'REQUIRED', fingerprint: fingerprintOf(good) } },
    refusedInTls: true,
  },
  'over proven TLS without permission': {
    course: { tls: good },
    options: { tls: { mode: 'VERIFY_IDENTITY', ca: knownAuthority } },
  },
}

const inClear = ['mysql_clear_password', 'dialog', 'authentication_openid_connect_client']

describe('a server that wants the password in clear', { concurrency: 8 }, () => {
  for (const [channel, { course, options, refusedInTls }] of Object.entries(channels)) {
    for (const plugin of inClear) {
      const refusal = refusedInTls
        ? { symbol: 'CR_SSL_CONNECTION_ERROR', phase: 'tls' }
        : { symbol: 'CR_AUTH_PLUGIN_ERR', phase: 'verdict' }

      it(`T16 gets nothing ${channel} by a switch to ${plugin}`, async () => {
        await meet({ script: dialogue([switchTo(plugin)], course), options, ...refusal })
      })

      it(`T16 gets nothing ${channel} by a second factor of ${plugin}`, async () => {
        const packets = [switchTo('mysql_native_password'), nextFactor(plugin)]
        await meet({ script: dialogue(packets, course), options, ...refusal })
      })

      it(`T16 gets nothing ${channel} by a greeting of ${plugin}`, async () => {
        const named = { ...course, greeting: { plugin } }
        const { heardThroughTls, heardInClear } = await meet({
          script: dialogue([switchTo(plugin)], named),
          options,
          ...refusal,
        })
        if (refusedInTls) assert.equal(heardThroughTls.length, 0)
        else assert.ok(heardThroughTls.length + heardInClear.length > 0)
      })
    }
  }

  it('T16 gets nothing by asking again after a good beginning', async () => {
    const options = channels['over TLS to anybody']?.options ?? {}
    const packets = [switchTo('mysql_native_password'), switchTo('caching_sha2_password'), switchTo('dialog')]
    await meet({ script: dialogue(packets, { tls: selfSigned }), options, symbol: 'CR_AUTH_PLUGIN_ERR' })
  })

  it('T16 gets it where it is proven and permitted: the refusals above are refusals', async () => {
    const script = dialogue([switchTo('mysql_clear_password'), ok], { tls: good })
    const options = { enableCleartextPlugin: true, tls: { mode: 'VERIFY_IDENTITY', ca: knownAuthority } } as const
    const { heardThroughTls, heardInClear } = await welcome(script, options)
    assert.ok(leaksIn(heardThroughTls).includes(`${password}: in clear`))
    assert.deepEqual(leaksIn(heardInClear), [])
  })
})

describe('a plugin that nobody should follow', { concurrency: 8 }, () => {
  const odd = [
    'mysql_old_password',
    'auth_gssapi_client',
    'authentication_kerberos_client',
    'authentication_webauthn_client',
    'auth_socket',
    'mysql_no_login',
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'MYSQL_NATIVE_PASSWORD',
    'mysql_native_password ',
    '',
    'x'.repeat(4096),
  ]
  for (const plugin of odd) {
    it(`T16 is refused by name: ${JSON.stringify(plugin.slice(0, 40))}`, async () => {
      const symbol = ['CR_AUTH_PLUGIN_CANNOT_LOAD', 'CR_AUTH_PLUGIN_ERR']
      await meet({ script: dialogue([switchTo(plugin)]), symbol })
      await meet({ script: dialogue([switchTo('mysql_native_password'), nextFactor(plugin)]), symbol })
    })
  }

  it('T16 is refused in the form of before 4.1, one byte', async () => {
    const symbol = ['CR_AUTH_PLUGIN_CANNOT_LOAD', 'CR_AUTH_PLUGIN_ERR']
    await meet({ script: dialogue([bytes('fe')]), symbol })
  })

  it('T16 is refused when the caller named others', async () => {
    await meet({
      script: dialogue([switchTo('mysql_native_password')]),
      options: { allowPlugins: ['caching_sha2_password'] },
      symbol: 'CR_AUTH_PLUGIN_CANNOT_LOAD',
    })
  })
})

describe('an RSA key of the rogue', { concurrency: 8 }, () => {
  const full = moreData([4])
  const key = moreData(text(roguePem))
  const own = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pinned = own.publicKey.export({ type: 'spki', format: 'pem' }) as string
  const symbol = ['CR_AUTH_PLUGIN_ERR', 'CR_MALFORMED_PACKET', 'ER_MALFORMED_PACKET']

  for (const mode of ['DISABLED', 'PREFERRED'] as const) {
    const options: ConnectOptions = { tls: { mode } }
    const asked: Readonly<Record<string, readonly Uint8Array[]>> = {
      'after the demand for full authentication': [full, key],
      'in the place of that demand': [key],
      twice: [key, key],
      'behind a switch to sha256_password': [switchTo('sha256_password'), key],
      'behind a switch to caching_sha2_password': [switchTo('caching_sha2_password'), full, key],
      'for the second factor': [switchTo('mysql_native_password'), nextFactor('sha256_password'), key],
    }
    for (const [when, packets] of Object.entries(asked)) {
      it(`T17 seals nothing with ${mode}, sent ${when}`, async () => {
        await meet({ script: dialogue(packets), options, symbol })
      })
    }
  }

  it('T17 seals nothing in a greeting that names sha256_password', async () => {
    await meet({ script: dialogue([key, key], { greeting: { plugin: 'sha256_password' } }), symbol })
  })

  it('T17 does not replace the pinned one: what comes is sealed for somebody else', async () => {
    const options = { serverPublicKey: pinned, getServerPublicKey: true }
    const { heardInClear } = await meet({ script: dialogue([full, key]), options, symbol })
    assert.ok(heardInClear.length > 256, 'a password, sealed with the pinned key')
  })

  const badKeys: Readonly<Record<string, string>> = {
    'of 1024 bits': generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({
      type: 'spki',
      format: 'pem',
    }) as string,
    'of an elliptic curve': generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
      type: 'spki',
      format: 'pem',
    }) as string,
    'that is empty': '',
    'that is text': 'trust me',
    'that is half a key': roguePem.slice(0, 200),
    'of 60 KiB': 'A'.repeat(60_000),
  }
  for (const [fault, pem] of Object.entries(badKeys)) {
    it(`T17 is not used ${fault}, even with permission`, async () => {
      const script = dialogue([full, moreData(text(pem))])
      const { heardInClear } = await meet({ script, options: { getServerPublicKey: true }, symbol })
      assert.ok(heardInClear.length < 256, 'a sealed password')
    })
  }

  it('T17 that is permitted is used: the refusals above are refusals', async () => {
    const { heardInClear } = await welcome(dialogue([full, key, ok]), { getServerPublicKey: true })
    assert.ok(leaksIn(heardInClear).includes(`${password}: in clear`), 'the rogue can open it')
  })
})

describe('a nonce that is too short', { concurrency: 8 }, () => {
  for (const [plugin, length] of [
    ['mysql_native_password', 0],
    ['mysql_native_password', 1],
    ['mysql_native_password', 8],
    ['mysql_native_password', 19],
    ['caching_sha2_password', 0],
    ['caching_sha2_password', 19],
    ['sha256_password', 10],
    ['client_ed25519', 0],
    ['client_ed25519', 20],
    ['client_ed25519', 31],
    ['parsec', 31],
  ] as const) {
    it(`T16 gives no proof by ${plugin} for ${length} bytes`, async () => {
      const symbol = ['CR_SERVER_HANDSHAKE_ERR', 'CR_MALFORMED_PACKET']
      const { heardInClear } = await meet({ script: dialogue([switchTo(plugin, nonce.subarray(0, length))]), symbol })
      const login = await meet({ script: dialogue([switchTo('no_such_plugin')]), symbol: 'CR_AUTH_PLUGIN_CANNOT_LOAD' })
      assert.equal(heardInClear.length, login.heardInClear.length, 'nothing after the login')
    })
  }
})

describe('a unix socket', () => {
  it('T16 T17 gets nothing by a plugin in clear without permission', async () => {
    for (const plugin of inClear) {
      await meet({ script: dialogue([switchTo(plugin)]), listens: 'unix-socket', symbol: 'CR_AUTH_PLUGIN_ERR' })
    }
  })

  it('T16 hears full authentication without a key, as it may: nobody stands in between', async () => {
    const { heardInClear } = await welcome(dialogue([moreData([4]), ok]), {}, 'unix-socket')
    assert.ok(leaksIn(heardInClear).includes(`${password}: in clear`))
  })
})
