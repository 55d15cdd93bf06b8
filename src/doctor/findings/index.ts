/**
 * All findings, and what of them applies: to a login that was seen, to a server that was examined. Among equals the order here is the
 * one in which they are told: what names a cause comes before what names a symptom.
 */
import type { Evidence, Finding, Found, Known } from '../finding.ts'
import type { Observation } from '../observation.ts'
import type { Probe } from '../probe.ts'
import { finding as accountBlocked } from './account-blocked.ts'
import { finding as accountLimit } from './account-limit.ts'
import { finding as accountLocked } from './account-locked.ts'
import { finding as accountWithoutLogin } from './account-without-login.ts'
import { finding as anonymousUser } from './anonymous-user.ts'
import { finding as answerForAnotherPlugin } from './answer-for-another-plugin.ts'
import { finding as answerLengthOverflow } from './answer-length-overflow.ts'
import { finding as answerWithNul } from './answer-with-nul.ts'
import { finding as cachingSha2PasswordUnknown } from './caching-sha2-password-unknown.ts'
import { finding as capabilitiesNotOffered } from './capabilities-not-offered.ts'
import { finding as certificateExpired } from './certificate-expired.ts'
import { finding as certificateExpiresSoon } from './certificate-expires-soon.ts'
import { finding as certificateName } from './certificate-name.ts'
import { finding as certificateNotTrusted } from './certificate-not-trusted.ts'
import { finding as certificateWithoutAuthority } from './certificate-without-authority.ts'
import { finding as certificateX509V1 } from './certificate-x509-v1.ts'
import { finding as clearPasswordNotEnabled } from './clear-password-not-enabled.ts'
import { finding as clearPasswordWithoutNul } from './clear-password-without-nul.ts'
import { finding as clientCertificateRefused } from './client-certificate-refused.ts'
import { finding as clientNamedByAddress } from './client-named-by-address.ts'
import { finding as closedBeforeGreeting } from './closed-before-greeting.ts'
import { finding as coldCacheRefused } from './cold-cache-refused.ts'
import { finding as collationForOldClients } from './collation-for-old-clients.ts'
import { finding as connectTimeout } from './connect-timeout.ts'
import { finding as databaseRefused } from './database-refused.ts'
import { finding as defaultPluginRare } from './default-plugin-rare.ts'
import { finding as emptyPasswordHashed } from './empty-password-hashed.ts'
import { finding as fullAuthenticationNeedsTls } from './full-authentication-needs-tls.ts'
import { finding as greetingCharacterSetUnknown } from './greeting-character-set-unknown.ts'
import { finding as greetingLate } from './greeting-late.ts'
import { finding as greetingPluginUnknown } from './greeting-plugin-unknown.ts'
import { finding as hashAsPassword } from './hash-as-password.ts'
import { finding as healthCheckQuits } from './health-check-quits.ts'
import { finding as hostBlocked } from './host-blocked.ts'
import { finding as hostNotAllowed } from './host-not-allowed.ts'
import { finding as httpOnPort } from './http-on-port.ts'
import { finding as hungUpWithoutVerdict } from './hung-up-without-verdict.ts'
import { finding as iamTokenDamaged } from './iam-token-damaged.ts'
import { finding as iamTokenExpired } from './iam-token-expired.ts'
import { finding as iamTokenForAnotherHost } from './iam-token-for-another-host.ts'
import { finding as iamTokenForAnotherUser } from './iam-token-for-another-user.ts'
import { finding as initConnectFailed } from './init-connect-failed.ts'
import { finding as insecureTransport } from './insecure-transport.ts'
import { finding as keyRequestInsideTls } from './key-request-inside-tls.ts'
import { finding as leftWithoutTls } from './left-without-tls.ts'
import { finding as loginNotUnderstood } from './login-not-understood.ts'
import { finding as loginTooLarge } from './login-too-large.ts'
import { finding as loopbackIsNotLocalhost } from './loopback-is-not-localhost.ts'
import { finding as mariadbPluginUnknown } from './mariadb-plugin-unknown.ts'
import { finding as nameLookupSlow } from './name-lookup-slow.ts'
import { finding as nameUnknown } from './name-unknown.ts'
import { finding as nativePasswordUnknown } from './native-password-unknown.ts'
import { finding as noGreeting } from './no-greeting.ts'
import { finding as noLoginAfterGreeting } from './no-login-after-greeting.ts'
import { finding as noPasswordGiven } from './no-password-given.ts'
import { finding as noPluginAuth } from './no-plugin-auth.ts'
import { finding as nonce21Bytes } from './nonce-21-bytes.ts'
import { finding as nonceCut } from './nonce-cut.ts'
import { finding as nonceNot7Bit } from './nonce-not-7-bit.ts'
import { finding as nonceOfAnotherExchange } from './nonce-of-another-exchange.ts'
import { finding as noncePrepended } from './nonce-prepended.ts'
import { finding as nonceReadAsText } from './nonce-read-as-text.ts'
import { finding as nonceWithoutNul } from './nonce-without-nul.ts'
import { finding as onlyWithTls } from './only-with-tls.ts'
import { finding as otherProtocol } from './other-protocol.ts'
import { finding as packetsOutOfOrder } from './packets-out-of-order.ts'
import { finding as passwordCase } from './password-case.ts'
import { finding as passwordCharacterSet } from './password-character-set.ts'
import { finding as passwordCut } from './password-cut.ts'
import { finding as passwordCutAtSign } from './password-cut-at-sign.ts'
import { finding as passwordExpired } from './password-expired.ts'
import { finding as passwordFromBefore41 } from './password-from-before-4-1.ts'
import { finding as passwordInClearWithoutTls } from './password-in-clear-without-tls.ts'
import { finding as passwordMaskedWrongly } from './password-masked-wrongly.ts'
import { finding as passwordOrUserUnknown } from './password-or-user-unknown.ts'
import { finding as passwordPercentEncoding } from './password-percent-encoding.ts'
import { finding as passwordReadAsNumber } from './password-read-as-number.ts'
import { finding as passwordWithBlanks } from './password-with-blanks.ts'
import { finding as passwordWithNewline } from './password-with-newline.ts'
import { finding as passwordWithQuotes } from './password-with-quotes.ts'
import { finding as pluginNotLoadedByServer } from './plugin-not-loaded-by-server.ts'
import { finding as proofRightAndRefused } from './proof-right-and-refused.ts'
import { finding as proxyHeaderUnexpected } from './proxy-header-unexpected.ts'
import { finding as proxyPrivilegeMissing } from './proxy-privilege-missing.ts'
import { finding as proxyWithoutBackend } from './proxy-without-backend.ts'
import { finding as proxysqlInFront } from './proxysql-in-front.ts'
import { finding as proxysqlRefused } from './proxysql-refused.ts'
import { finding as publicKeyRefused } from './public-key-refused.ts'
import { finding as publicKeyRetrievalNotAllowed } from './public-key-retrieval-not-allowed.ts'
import { finding as rdsProxyRefused } from './rds-proxy-refused.ts'
import { finding as requirementNotMet } from './requirement-not-met.ts'
import { finding as reverseLookupSlow } from './reverse-lookup-slow.ts'
import { finding as reverseNameDiffers } from './reverse-name-differs.ts'
import { finding as rsaNotPossible } from './rsa-not-possible.ts'
import { finding as rsaPaddingOfOldServer } from './rsa-padding-of-old-server.ts'
import { finding as secondFactorNotSupported } from './second-factor-not-supported.ts'
import { finding as secondFactorUnanswered } from './second-factor-unanswered.ts'
import { finding as secondSwitch } from './second-switch.ts'
import { finding as serverNotServing } from './server-not-serving.ts'
import { finding as sha2WithoutTls } from './sha2-without-tls.ts'
import { finding as socketAccount } from './socket-account.ts'
import { finding as socketEndsAtTunnel } from './socket-ends-at-tunnel.ts'
import { finding as tlsAskedUnoffered } from './tls-asked-unoffered.ts'
import { finding as tlsCipher } from './tls-cipher.ts'
import { finding as tlsFirst } from './tls-first.ts'
import { finding as tlsNeverBegan } from './tls-never-began.ts'
import { finding as tlsNotOffered } from './tls-not-offered.ts'
import { finding as tlsOldVersions } from './tls-old-versions.ts'
import { finding as tlsOnlyOldVersions } from './tls-only-old-versions.ts'
import { finding as tlsVersion } from './tls-version.ts'
import { finding as tooManyConnections } from './too-many-connections.ts'
import { finding as userNameAsPassword } from './user-name-as-password.ts'
import { finding as userWithBlanks } from './user-with-blanks.ts'
import { finding as verdictLate } from './verdict-late.ts'
import { finding as worksOnlyWhileRemembered } from './works-only-while-remembered.ts'
import { finding as xProtocolPort } from './x-protocol-port.ts'

export const findings: readonly Finding[] = [
  // The client's proof and its packets.
  answerForAnotherPlugin,
  answerLengthOverflow,
  answerWithNul,
  cachingSha2PasswordUnknown,
  capabilitiesNotOffered,
  clearPasswordNotEnabled,
  clearPasswordWithoutNul,
  emptyPasswordHashed,
  fullAuthenticationNeedsTls,
  greetingCharacterSetUnknown,
  greetingPluginUnknown,
  hashAsPassword,
  iamTokenDamaged,
  iamTokenExpired,
  iamTokenForAnotherHost,
  iamTokenForAnotherUser,
  keyRequestInsideTls,
  mariadbPluginUnknown,
  nativePasswordUnknown,
  noPasswordGiven,
  noPluginAuth,
  nonce21Bytes,
  nonceCut,
  nonceNot7Bit,
  nonceOfAnotherExchange,
  noncePrepended,
  nonceReadAsText,
  nonceWithoutNul,
  passwordCase,
  passwordCharacterSet,
  passwordCut,
  passwordCutAtSign,
  passwordFromBefore41,
  passwordInClearWithoutTls,
  passwordMaskedWrongly,
  passwordPercentEncoding,
  passwordReadAsNumber,
  passwordWithBlanks,
  passwordWithNewline,
  passwordWithQuotes,
  pluginNotLoadedByServer,
  publicKeyRetrievalNotAllowed,
  rsaNotPossible,
  rsaPaddingOfOldServer,
  secondFactorNotSupported,
  secondFactorUnanswered,
  secondSwitch,
  userNameAsPassword,
  userWithBlanks,
  worksOnlyWhileRemembered,
  // Ports, names, and what stands in between.
  xProtocolPort,
  httpOnPort,
  tlsFirst,
  otherProtocol,
  nameUnknown,
  closedBeforeGreeting,
  noGreeting,
  proxyHeaderUnexpected,
  healthCheckQuits,
  packetsOutOfOrder,
  greetingLate,
  noLoginAfterGreeting,
  nameLookupSlow,
  reverseLookupSlow,
  reverseNameDiffers,
  // TLS and certificates.
  tlsVersion,
  tlsCipher,
  certificateNotTrusted,
  clientCertificateRefused,
  tlsAskedUnoffered,
  leftWithoutTls,
  tlsNeverBegan,
  tlsNotOffered,
  tlsOnlyOldVersions,
  certificateExpired,
  certificateExpiresSoon,
  certificateName,
  certificateWithoutAuthority,
  certificateX509V1,
  tlsOldVersions,
  // Proxies.
  proxysqlRefused,
  rdsProxyRefused,
  proxyWithoutBackend,
  publicKeyRefused,
  socketEndsAtTunnel,
  proxysqlInFront,
  // The server and its accounts.
  loginNotUnderstood,
  loginTooLarge,
  proxyPrivilegeMissing,
  hostBlocked,
  hostNotAllowed,
  tooManyConnections,
  serverNotServing,
  insecureTransport,
  accountLocked,
  accountBlocked,
  accountLimit,
  passwordExpired,
  anonymousUser,
  databaseRefused,
  requirementNotMet,
  socketAccount,
  accountWithoutLogin,
  initConnectFailed,
  connectTimeout,
  coldCacheRefused,
  verdictLate,
  defaultPluginRare,
  sha2WithoutTls,
  collationForOldClients,
  onlyWithTls,
  clientNamedByAddress,
  // When nothing else explains it.
  proofRightAndRefused,
  hungUpWithoutVerdict,
  loopbackIsNotLocalhost,
  passwordOrUserUnknown,
]

/** What applies to a login: what decides it first, and of that what is proven. */
export function findIn(seen: Observation, known: Known): Found[] {
  return inOrder(findings, ({ onLogin }) => onLogin?.(seen, known))
}

/** What applies to a server besides what its logins show themselves, in the same order. */
export function findInProbe(probe: Probe): Found[] {
  const shown = (finding: Finding) => probe.attempts.some(({ seen }) => finding.onLogin?.(seen, nothing) !== undefined)
  return inOrder(findings, (finding) => {
    const evidence = finding.onProbe?.(probe)
    return evidence === undefined || shown(finding) ? undefined : evidence
  })
}

const nothing: Known = { proofs: [], passwordGiven: false }
const ranks = { decisive: 0, risk: 2, note: 4 } as const

function inOrder(all: readonly Finding[], look: (finding: Finding) => Evidence | undefined): Found[] {
  const found: Found[] = []
  for (const finding of all) {
    const evidence = look(finding)
    if (evidence !== undefined) found.push({ finding, evidence })
  }
  return found.sort((a, b) => rank(a) - rank(b))
}

function rank({ finding, evidence }: Found): number {
  return ranks[finding.severity] + (evidence.certain ? 0 : 1)
}
