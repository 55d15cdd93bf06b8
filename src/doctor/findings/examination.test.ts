/** Findings about a server that was examined: its name, its greeting, its TLS, and who gets in. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { attempt, greetingOf, namesOf, probed, probedMs, saysOf, tlsOf } from '../../../test/support/findings.ts'
import { denied, err, greeting, login, observed, observedInTls, ok } from '../../../test/support/observations.ts'
import { capability } from '../../packets/capabilities.ts'
import type { Finding } from '../finding.ts'
import type { Probe } from '../probe.ts'
import { finding as certificateExpired } from './certificate-expired.ts'
import { finding as certificateExpiresSoon } from './certificate-expires-soon.ts'
import { finding as certificateName } from './certificate-name.ts'
import { finding as certificateWithoutAuthority } from './certificate-without-authority.ts'
import { finding as certificateX509V1 } from './certificate-x509-v1.ts'
import { finding as coldCacheRefused } from './cold-cache-refused.ts'
import { finding as collationForOldClients } from './collation-for-old-clients.ts'
import { finding as defaultPluginRare } from './default-plugin-rare.ts'
import { findInProbe } from './index.ts'
import { finding as nameLookupSlow } from './name-lookup-slow.ts'
import { finding as nameUnknown } from './name-unknown.ts'
import { finding as onlyWithTls } from './only-with-tls.ts'
import { finding as reverseLookupSlow } from './reverse-lookup-slow.ts'
import { finding as reverseNameDiffers } from './reverse-name-differs.ts'
import { finding as sha2WithoutTls } from './sha2-without-tls.ts'
import { finding as tlsNotOffered } from './tls-not-offered.ts'
import { finding as tlsOldVersions } from './tls-old-versions.ts'
import { finding as tlsOnlyOldVersions } from './tls-only-old-versions.ts'

const day = 86_400_000
const letIn = observed(greeting(), login(), ok)
const inTls = observedInTls([greeting(), login(), ok])
const refused = observed(greeting(), login(), denied)
/** An examination at a known time, with a login that got in. */
const at = (changes: Partial<Probe> = {}) => probed({ attempts: [attempt(letIn)], ...changes })
const versions = (...accepted: readonly string[]) =>
  new Map(
    (['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const).map((version) => [
      version,
      accepted.includes(version) ? 'accepted' : 'EPROTO',
    ]),
  )
const reverse = (name: string[], ms: number) => new Map([['192.0.2.1', { names: name, ms }]])
const withoutTls = { capabilities: (0xdfffffff & ~capability.SSL) >>> 0 }

/** By finding: one examination that shows it, and one that nearly does. */
const rows: readonly (readonly [Finding, shows: Partial<Probe>, nearly: Partial<Probe>])[] = [
  [nameUnknown, { names: namesOf({ addresses: [], error: 'ENOTFOUND' }) }, { names: namesOf({}) }],
  [nameLookupSlow, { names: namesOf({ lookupMs: 5010 }) }, { names: namesOf({ lookupMs: 400 }) }],
  [reverseLookupSlow, { names: namesOf({ reverse: reverse([], 3000) }) }, { names: namesOf({ lookupMs: 3000 }) }],
  [
    reverseNameDiffers,
    { names: namesOf({ reverse: reverse(['web.example.com'], 3) }) },
    { names: namesOf({ reverse: reverse(['web.example.com', 'DB.example.com.'], 3) }) },
  ],
  [reverseNameDiffers, { names: namesOf({ reverse: reverse(['a'], 3) }) }, { names: namesOf({ reverse: new Map() }) }],
  [certificateExpired, { tls: tlsOf({ leaf: { validToMs: probedMs - 1 } }) }, { tls: tlsOf() }],
  [certificateExpired, { tls: tlsOf({ leaf: { validFromMs: probedMs + day } }) }, { tls: undefined }],
  [
    certificateExpiresSoon,
    { tls: tlsOf({ leaf: { validToMs: probedMs + 29 * day } }) },
    { tls: tlsOf({ leaf: { validToMs: probedMs + 31 * day } }) },
  ],
  [
    certificateExpiresSoon,
    { tls: tlsOf({ leaf: { validToMs: probedMs + day } }) },
    { tls: tlsOf({ leaf: { validToMs: probedMs - 1 } }) },
  ],
  [
    certificateName,
    { tls: tlsOf({ distrust: 'ERR_TLS_CERT_ALTNAME_INVALID' }) },
    { tls: tlsOf({ distrust: 'CERT_HAS_EXPIRED' }) },
  ],
  [
    certificateWithoutAuthority,
    { tls: tlsOf({ distrust: 'SELF_SIGNED_CERT_IN_CHAIN' }) },
    { tls: tlsOf({ distrust: 'ERR_TLS_CERT_ALTNAME_INVALID' }) },
  ],
  [
    certificateWithoutAuthority,
    { tls: tlsOf({ distrust: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }) },
    { tls: tlsOf({ distrust: undefined }) },
  ],
  [certificateX509V1, { tls: tlsOf({ leaf: { x509Version: 1 } }) }, { tls: tlsOf() }],
  [tlsOnlyOldVersions, { tls: tlsOf({ versions: versions('TLSv1.1') }) }, { tls: tlsOf({ versions: versions() }) }],
  [
    tlsOldVersions,
    { tls: tlsOf({ versions: versions('TLSv1', 'TLSv1.2') }) },
    { tls: tlsOf({ versions: versions('TLSv1') }) },
  ],
  [tlsNotOffered, { greeting: greetingOf(withoutTls) }, { greeting: undefined }],
  [
    sha2WithoutTls,
    { greeting: greetingOf(withoutTls) },
    { greeting: greetingOf({ ...withoutTls, authPluginName: 'mysql_native_password' }) },
  ],
  [
    collationForOldClients,
    { greeting: greetingOf({ collationId: 255 }) },
    { greeting: greetingOf({ collationId: 45 }) },
  ],
  [
    defaultPluginRare,
    { greeting: greetingOf({ authPluginName: 'dialog' }) },
    { greeting: greetingOf({ authPluginName: 'mysql_native_password' }) },
  ],
  [
    coldCacheRefused,
    { attempts: [attempt(refused, { cache: 'cold', says: '1045' }), attempt(letIn, { cache: 'warm' })] },
    { attempts: [attempt(refused, { cache: 'cold' }), attempt(letIn, { cache: 'warm', tls: true })] },
  ],
  [
    coldCacheRefused,
    { attempts: [attempt(refused, { cache: 'cold' }), attempt(letIn, { cache: 'warm' })] },
    { attempts: [attempt(letIn, { cache: 'cold' }), attempt(refused, { cache: 'warm' })] },
  ],
  [
    onlyWithTls,
    { attempts: [attempt(observed(greeting(), login(), err(3159))), attempt(inTls, { tls: true })] },
    { attempts: [attempt(letIn), attempt(inTls, { tls: true })] },
  ],
]

describe('an examination', () => {
  for (const [finding, shows, nearly] of rows) {
    it(`shows ${finding.id}, and nearly does`, () => {
      assert.equal(saysOf(finding, at(shows)), 'certain')
      assert.equal(saysOf(finding, at(nearly)), undefined)
    })
  }

  it('only-with-tls is possible where the refusal without it has the words of a wrong password', () => {
    assert.equal(saysOf(onlyWithTls, at({ attempts: [attempt(refused), attempt(inTls, { tls: true })] })), 'possible')
    assert.equal(saysOf(onlyWithTls, at({ attempts: [attempt(refused)] })), undefined)
  })

  it('of a server at which nothing is wrong finds nothing', () => {
    assert.deepEqual(findInProbe(at()), [])
  })

  it('does not tell what its logins tell themselves', () => {
    const failure = { code: 1129, sqlState: 'HY000', message: "Host 'a' is blocked", login: undefined }
    const ids = (probe: Probe) => findInProbe(probe).map(({ finding }) => finding.id)
    assert.deepEqual(ids(probed({ failure, tls: undefined })), ['host-blocked'])
    const blocked = observed(err(1129, "Host 'a' is blocked", undefined))
    assert.deepEqual(ids(probed({ failure, attempts: [attempt(blocked)] })), [])
  })
})
