import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes } from '../../../test/support/bytes.ts'
import {
  answer,
  clientLeaves,
  denied,
  err,
  greeting,
  login,
  more,
  near,
  nextFactor,
  observed,
  observedIn,
  observedInTls,
  ok,
  publicKey,
  type Said,
  scramble,
  serverLeaves,
  switchTo,
  untested,
} from '../../../test/support/observations.ts'
import { capability } from '../../packets/capabilities.ts'
import type { Finding } from '../finding.ts'
import { finding as cachingSha2PasswordUnknown } from './caching-sha2-password-unknown.ts'
import { finding as capabilitiesNotOffered } from './capabilities-not-offered.ts'
import { finding as clearPasswordNotEnabled } from './clear-password-not-enabled.ts'
import { finding as fullAuthenticationNeedsTls } from './full-authentication-needs-tls.ts'
import { finding as greetingCharacterSetUnknown } from './greeting-character-set-unknown.ts'
import { finding as greetingPluginUnknown } from './greeting-plugin-unknown.ts'
import { finding as mariadbPluginUnknown } from './mariadb-plugin-unknown.ts'
import { finding as nativePasswordUnknown } from './native-password-unknown.ts'
import { finding as noPluginAuth } from './no-plugin-auth.ts'
import { finding as passwordFromBefore41 } from './password-from-before-4-1.ts'
import { finding as pluginNotLoadedByServer } from './plugin-not-loaded-by-server.ts'
import { finding as publicKeyRetrieval } from './public-key-retrieval-not-allowed.ts'
import { finding as rsaNotPossible } from './rsa-not-possible.ts'
import { finding as rsaPadding } from './rsa-padding-of-old-server.ts'
import { finding as secondFactorNotSupported } from './second-factor-not-supported.ts'
import { finding as secondFactorUnanswered } from './second-factor-unanswered.ts'
import { finding as secondSwitch } from './second-switch.ts'

const none = new Uint8Array(0)

describe('plugins that a client does not know', () => {
  const rows: readonly (readonly [Finding, string])[] = [
    [cachingSha2PasswordUnknown, 'caching_sha2_password'],
    [nativePasswordUnknown, 'mysql_native_password'],
    [mariadbPluginUnknown, 'client_ed25519'],
    [clearPasswordNotEnabled, 'mysql_clear_password'],
  ]
  for (const [finding, plugin] of rows) {
    it(`${finding.id} is found where the client leaves at the switch`, () => {
      const seen = observed(greeting(), login(), switchTo(plugin), clientLeaves)
      assert.equal(finding.onLogin?.(seen, untested)?.certain, true)
    })

    it(`${finding.id} is not found where it answers, the server leaves, or it is another plugin`, () => {
      const asked = [greeting(), login(), switchTo(plugin)]
      assert.equal(finding.onLogin?.(observed(...asked, answer(scramble(20)), denied), untested), undefined)
      assert.equal(finding.onLogin?.(observed(...asked, serverLeaves), untested), undefined)
      const other = observed(greeting(), login(), switchTo('authentication_ldap_sasl_client'), clientLeaves)
      assert.equal(finding.onLogin?.(other, untested), undefined)
    })
  }

  it('mariadb-plugin-unknown is found in the captures of five clients', () => {
    const names = [
      'ma118-ed25519-unsupported-go',
      'ma118-ed25519-unsupported-mysql97',
      'ma118-ed25519-unsupported-pymysql120',
      'ma118-parsec-unsupported-mysql2',
      'ma1011-pam-unsupported-php',
    ]
    for (const name of names) assert.equal(mariadbPluginUnknown.onLogin?.(observedIn(name), untested)?.certain, true)
  })

  it('clear-password-not-enabled is found where the server gets a last word in (1158)', () => {
    assert.equal(clearPasswordNotEnabled.onLogin?.(observedIn('my97c-clear-mc267'), untested)?.certain, true)
  })
})

describe('second-switch', () => {
  const twice = (...last: readonly Said[]) =>
    observed(
      greeting({ authPluginName: 'mysql_native_password' }),
      login({ capabilities: 0x000aa285, maxPacketSize: 0, authPluginName: 'mysql_native_password' }),
      switchTo('client_ed25519', scramble(32)),
      answer(scramble(64)),
      switchTo('mysql_native_password'),
      ...last,
    )

  it('is certain of go-sql-driver, which leaves there', () => {
    assert.equal(secondSwitch.onLogin?.(twice(clientLeaves), untested)?.certain, true)
  })

  it('is not found where the second is answered, nor where there is one only', () => {
    assert.equal(secondSwitch.onLogin?.(twice(answer(scramble(20)), ok), untested), undefined)
    assert.equal(secondSwitch.onLogin?.(observedIn('ma118-ed25519-unsupported-go'), untested), undefined)
  })
})

describe('clients that leave at the greeting', () => {
  it('greeting-plugin-unknown is possible where the plugin is a rare one', () => {
    const rare = greeting({ authPluginName: 'auth_gssapi_client', collationId: 45 })
    assert.equal(greetingPluginUnknown.onLogin?.(observed(rare, clientLeaves), untested)?.certain, false)
    assert.equal(greetingPluginUnknown.onLogin?.(observed(rare, login(), denied), untested), undefined)
    assert.equal(greetingPluginUnknown.onLogin?.(observed(greeting(), clientLeaves), untested), undefined)
  })

  it('greeting-character-set-unknown is possible where it is 255, or 0', () => {
    for (const collationId of [255, 0]) {
      const seen = observed(greeting({ collationId }), clientLeaves)
      assert.equal(greetingCharacterSetUnknown.onLogin?.(seen, untested)?.certain, false)
    }
    const older = greeting({ collationId: 45 })
    assert.equal(greetingCharacterSetUnknown.onLogin?.(observed(older, clientLeaves), untested), undefined)
    assert.equal(greetingCharacterSetUnknown.onLogin?.(observed(greeting(), serverLeaves), untested), undefined)
  })
})

describe('capabilities-not-offered', () => {
  const attributes = { _client_name: 'Go-MySQL-Driver' }
  const offering = (capabilities: number) =>
    observed(greeting({ capabilities }), login({ capabilities: 0x000aa285, attributes }), err(1043))

  it('names the fields', () => {
    const evidence = capabilitiesNotOffered.onLogin?.(offering(0xdfffffff & ~capability.CONNECT_ATTRS), untested)
    assert.equal(evidence?.lines[0], 'set in the login and not in the greeting: CONNECT_ATTRS')
  })

  it('is not found where the server offers them, nor of bits that add no field', () => {
    assert.equal(capabilitiesNotOffered.onLogin?.(offering(0xdfffffff), untested), undefined)
    assert.equal(capabilitiesNotOffered.onLogin?.(offering(0xdfffffff & ~capability.LOCAL_FILES), untested), undefined)
  })
})

describe('no-plugin-auth', () => {
  it('is found in the capture of node mysql', () => {
    const evidence = noPluginAuth.onLogin?.(observedIn('my97-unknown-user-mysql'), untested)
    assert.equal(evidence?.certain, true)
    assert.match(evidence.lines.join(), /the client is node mysql/)
  })

  it('is not found with CLIENT_PLUGIN_AUTH, nor where that client gets in', () => {
    assert.equal(noPluginAuth.onLogin?.(observed(greeting(), login(), err(1251)), untested), undefined)
    assert.equal(noPluginAuth.onLogin?.(observedIn('ma1011-native-ok-mysql'), untested), undefined)
  })
})

describe('plugin-not-loaded-by-server', () => {
  it('is found by 1524, and not by 1045', () => {
    const seen = observed(greeting(), login(), err(1524, "Plugin 'mysql_native_password' is not loaded"))
    assert.equal(pluginNotLoadedByServer.onLogin?.(seen, untested)?.certain, true)
    assert.equal(pluginNotLoadedByServer.onLogin?.(observed(greeting(), login(), denied), untested), undefined)
  })
})

describe('clients that do not send the password', () => {
  const connectorJ = { _client_name: 'MySQL Connector/J', _client_version: '9.1.0' }
  const wanted = (attributes?: Record<string, string>) => [
    greeting(),
    login({ ...(attributes && { attributes }) }),
    more(4),
  ]

  it('full-authentication-needs-tls is found in the capture of mysql without a key', () => {
    const seen = observedIn('my97-sha2-wrong-nokeyrequest-mysql97')
    assert.equal(fullAuthenticationNeedsTls.onLogin?.(seen, untested)?.certain, true)
    assert.equal(publicKeyRetrieval.onLogin?.(seen, untested), undefined)
    const sha256 = observedIn('my97-sha256-unsupported-mc267')
    assert.equal(fullAuthenticationNeedsTls.onLogin?.(sha256, untested)?.certain, true)
  })

  it('public-key-retrieval-not-allowed is the same of Connector/J', () => {
    const seen = observed(...wanted(connectorJ), clientLeaves)
    assert.equal(publicKeyRetrieval.onLogin?.(seen, untested)?.certain, true)
    assert.equal(fullAuthenticationNeedsTls.onLogin?.(seen, untested), undefined)
  })

  it('neither is found where the server hangs up, or TLS is there', () => {
    for (const finding of [fullAuthenticationNeedsTls, publicKeyRetrieval]) {
      for (const attributes of [undefined, connectorJ]) {
        assert.equal(finding.onLogin?.(observed(...wanted(attributes), serverLeaves), untested), undefined)
        assert.equal(finding.onLogin?.(observedInTls([...wanted(attributes), clientLeaves]), untested), undefined)
      }
    }
  })

  it('rsa-not-possible is found where the key arrives and the client leaves', () => {
    const attributes = { _client_name: 'pymysql', _client_version: '1.1.1' }
    const seen = observed(...wanted(attributes), answer(bytes([2])), publicKey, clientLeaves)
    assert.match(rsaNotPossible.onLogin?.(seen, untested)?.lines.join() ?? '', /package cryptography is missing/)
    assert.equal(fullAuthenticationNeedsTls.onLogin?.(seen, untested), undefined)
  })

  it('rsa-not-possible is not found where the sealed password follows', () => {
    const seen = observed(...wanted(), answer(bytes([2])), publicKey, answer(scramble(256)), clientLeaves)
    assert.equal(rsaNotPossible.onLogin?.(seen, untested), undefined)
  })
})

describe('rsa-padding-of-old-server', () => {
  const sealedFor = (serverVersion: string, client = 'pymysql') =>
    observed(
      greeting({ serverVersion }),
      login({ attributes: { _client_name: client } }),
      switchTo('sha256_password'),
      answer(bytes([1])),
      publicKey,
      answer(scramble(256)),
      denied,
    )

  it('is possible of PyMySQL at 5.7.27 and 8.0.4', () => {
    for (const version of ['5.7.27-log', '8.0.4-rc']) {
      assert.equal(rsaPadding.onLogin?.(sealedFor(version), untested)?.certain, false, version)
    }
  })

  it('is not found at later servers, of other clients, nor where the proof was tested', () => {
    for (const version of ['5.7.28', '8.0.11', '10.11.19-MariaDB', '5.5.5-10.11.19-MariaDB']) {
      assert.equal(rsaPadding.onLogin?.(sealedFor(version), untested), undefined, version)
    }
    assert.equal(rsaPadding.onLogin?.(sealedFor('5.7.27', 'libmysql'), untested), undefined)
    assert.equal(rsaPadding.onLogin?.(sealedFor('5.7.27'), near({ password: 'empty' })), undefined)
  })
})

describe('second factors', () => {
  it('second-factor-not-supported is possible where the fast proof was right and 1045 follows', () => {
    for (const name of ['my97c-mfa2-noflag-pymysql120', 'my97c-mfa2-php', 'my97c-mfa2-maria118']) {
      assert.equal(secondFactorNotSupported.onLogin?.(observedIn(name), untested)?.certain, false, name)
    }
  })

  it('second-factor-not-supported is not found of a client that knows it, nor of a proof that nobody tested', () => {
    assert.equal(secondFactorNotSupported.onLogin?.(observedIn('my97-requiressl-plain-mysql97'), untested), undefined)
    const seen = observedIn('my97-sha2-wrong-warm-pymysql120')
    assert.equal(secondFactorNotSupported.onLogin?.(seen, untested), undefined)
    assert.equal(secondFactorNotSupported.onLogin?.(seen, near({}))?.certain, false)
    // Fast was the login before the COM_CHANGE_USER that is refused.
    assert.equal(secondFactorNotSupported.onLogin?.(observedIn('my97-changeuser-wrong-php'), untested), undefined)
  })

  it('second-factor-unanswered is found where the client leaves at the next factor', () => {
    assert.equal(secondFactorUnanswered.onLogin?.(observedIn('my97c-mfa2-mysql2'), untested)?.certain, true)
    const asked = [greeting(), login(), more(3), nextFactor('mysql_clear_password')]
    assert.equal(secondFactorUnanswered.onLogin?.(observed(...asked, clientLeaves), untested)?.certain, true)
    assert.equal(secondFactorUnanswered.onLogin?.(observed(...asked, answer('x\0'), denied), untested), undefined)
  })
})

describe('password-from-before-4-1', () => {
  it('is found by 1275, and by a switch to the old plugin', () => {
    const seen = observedIn('ma1011-oldpassword-account-maria1011')
    assert.equal(passwordFromBefore41.onLogin?.(seen, untested)?.certain, true)
    const old = { from: 'server', payload: bytes([0xfe]) } as const
    const switched = observed(greeting(), login(), old, clientLeaves)
    assert.equal(passwordFromBefore41.onLogin?.(switched, untested)?.certain, true)
  })

  it('is not found by a switch to another plugin', () => {
    const seen = observed(greeting(), login(), switchTo('mysql_clear_password', none), clientLeaves)
    assert.equal(passwordFromBefore41.onLogin?.(seen, untested), undefined)
  })
})
