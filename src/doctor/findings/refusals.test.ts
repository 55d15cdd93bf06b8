/** Findings that the words of the server tell, and the packets before them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { probed, says, saysOf } from '../../../test/support/findings.ts'
import {
  answer,
  denied,
  err,
  greeting,
  login,
  more,
  near,
  observed,
  observedIn,
  observedInTls,
  observedOnSocket,
  ok,
  type Said,
  scramble,
  serverLeaves,
  switchTo,
} from '../../../test/support/observations.ts'
import { capability } from '../../packets/capabilities.ts'
import type { Finding } from '../finding.ts'
import type { Observation } from '../observation.ts'
import { finding as accountBlocked } from './account-blocked.ts'
import { finding as accountLimit } from './account-limit.ts'
import { finding as accountLocked } from './account-locked.ts'
import { finding as accountWithoutLogin } from './account-without-login.ts'
import { finding as anonymousUser } from './anonymous-user.ts'
import { finding as clientNamedByAddress } from './client-named-by-address.ts'
import { finding as databaseRefused } from './database-refused.ts'
import { finding as hostBlocked } from './host-blocked.ts'
import { finding as hostNotAllowed } from './host-not-allowed.ts'
import { finding as initConnectFailed } from './init-connect-failed.ts'
import { finding as insecureTransport } from './insecure-transport.ts'
import { finding as loginNotUnderstood } from './login-not-understood.ts'
import { finding as loginTooLarge } from './login-too-large.ts'
import { finding as loopbackIsNotLocalhost } from './loopback-is-not-localhost.ts'
import { finding as passwordExpired } from './password-expired.ts'
import { finding as passwordOrUserUnknown } from './password-or-user-unknown.ts'
import { finding as proofRightAndRefused } from './proof-right-and-refused.ts'
import { finding as proxyPrivilegeMissing } from './proxy-privilege-missing.ts'
import { finding as requirementNotMet } from './requirement-not-met.ts'
import { finding as serverNotServing } from './server-not-serving.ts'
import { finding as socketAccount } from './socket-account.ts'
import { finding as tooManyConnections } from './too-many-connections.ts'

const fastAuthentication = more(0x03)
const query = answer(Uint8Array.of(3, ...Buffer.from('SELECT 1')))

function refused(code: number, message = '', sqlState = 'HY000'): Observation {
  return observed(greeting(), login(), err(code, message, sqlState))
}

function deniedAt(host: string): Observation {
  return refused(1045, `Access denied for user 'mary'@'${host}' (using password: YES)`, '28000')
}

describe('findings of one error', () => {
  const rows: readonly (readonly [Finding, capture: string, ...codes: number[]])[] = [
    [accountBlocked, 'my97-failedlogin-4-goodpw-mysql97', 3955],
    [accountLimit, 'my97-rate-2-1226-mysql97', 1203, 1226],
    [accountLocked, 'ma118-locked-4151-maria118', 3118, 4151],
    [databaseRefused, 'my97-db-unknown-1049-mysql97', 1044, 1049],
    [hostBlocked, 'my97-hostblocked-1129-raw', 1129],
    [hostNotAllowed, 'my97c-hostnotallowed-1130-named-mysql97', 1130],
    [insecureTransport, 'my97-requiresecuretransport-plain-mysql97', 3159],
    [loginNotUnderstood, 'my97-pre41-client-1043-raw', 1043],
    [loginTooLarge, 'my97-toolarge-1153-raw', 1153],
    [proxyPrivilegeMissing, 'my97c-testplugin-mysql97', 6126],
    [serverNotServing, 'my97-offline-3032-mysql97', 1053, 3032],
    [tooManyConnections, 'my97-maxconn-1040-before-greeting-mysql2', 1040],
  ]
  for (const [finding, capture, ...codes] of rows) {
    it(`${finding.id} is found in ${capture}, and of no other error`, () => {
      assert.equal(says(finding, observedIn(capture)), 'certain')
      for (const code of codes) assert.equal(says(finding, refused(code)), 'certain')
      assert.equal(says(finding, refused(1045)), undefined)
      assert.equal(says(finding, observed(greeting(), login(), ok)), undefined)
    })

    it(`${finding.id} is found where an examination ends with it`, () => {
      const failure = { sqlState: 'HY000', message: 'No', login: undefined }
      for (const code of codes) assert.equal(saysOf(finding, probed({ failure: { ...failure, code } })), 'certain')
      assert.equal(saysOf(finding, probed({ failure: { ...failure, code: 2003 } })), undefined)
      assert.equal(saysOf(finding, probed()), undefined)
    })
  }

  it('say what else the error tells', () => {
    const lines = (finding: Finding, capture: string) =>
      finding.onLogin?.(observedIn(capture), { proofs: [], passwordGiven: false })?.lines.join('\n') ?? ''
    assert.match(lines(hostNotAllowed, 'my97c-hostnotallowed-1130-mysql97'), /by its address/)
    assert.match(lines(hostNotAllowed, 'my97c-hostnotallowed-1130-named-mysql97'), /resolves names/)
    assert.match(lines(tooManyConnections, 'my97-maxconn-1040-before-greeting-mysql2'), /in the place of a greeting/)
    assert.match(lines(tooManyConnections, 'my97-maxconn-1040-extra-slot-mysql97'), /after the password/)
    assert.match(lines(hostBlocked, 'my97-hostblocked-1129-raw'), /1129: Host '127.0.0.60' is blocked/)
  })
})

describe('password-expired', () => {
  it('is found at the login, and at the first statement of a session that may only change it', () => {
    assert.equal(says(passwordExpired, observedIn('my97-expired-1862-mysql2')), 'certain')
    assert.equal(says(passwordExpired, observedIn('my97-expired-sandbox-1820-mysql97')), 'certain')
    assert.equal(says(passwordExpired, observedIn('ma118-expired-maria118')), 'certain')
  })

  it('is not found where the first statement fails for another reason', () => {
    assert.equal(says(passwordExpired, commanded(err(1064))), undefined)
    assert.equal(says(passwordExpired, commanded(err(1820))), 'certain')
  })
})

describe('init-connect-failed', () => {
  it('is found by the error at the first statement, and possible where the server hangs up at once', () => {
    assert.equal(says(initConnectFailed, commanded(err(1184))), 'certain')
    assert.equal(says(initConnectFailed, observed(greeting(), login(), ok, serverLeaves)), 'possible')
  })

  it('is not found where the client stayed silent, or had spoken', () => {
    const left = observed(greeting(), login(), ok, serverLeaves)
    assert.equal(says(initConnectFailed, { ...left, end: { ...left.end, atMs: left.end.atMs + 8000 } }), undefined)
    assert.equal(says(initConnectFailed, commanded(err(1064), serverLeaves)), undefined)
    const capabilities = capability.COMPRESS | (0x19bfa285 & ~capability.CONNECT_ATTRS)
    assert.equal(says(initConnectFailed, observed(greeting(), login({ capabilities }), ok, serverLeaves)), undefined)
  })
})

describe('requirement-not-met', () => {
  it('is found where the server praised the proof and refused the login', () => {
    assert.equal(says(requirementNotMet, observedIn('my97-requiressl-plain-mysql97')), 'certain')
    const inTls = observedInTls([greeting(), login(), fastAuthentication, denied])
    assert.equal(says(requirementNotMet, inTls), 'certain')
  })

  it('is possible where the client knows no second factor', () => {
    assert.equal(says(requirementNotMet, observedIn('my97c-mfa2-php')), 'possible')
  })

  it('is not found where the proof was wrong, or nobody judged it', () => {
    assert.equal(says(requirementNotMet, observedIn('my97-sha2-wrong-warm-mysql97')), undefined)
    assert.equal(says(requirementNotMet, observedIn('ma118-requiressl-plain-maria118')), undefined)
  })
})

describe('socket-account', () => {
  it('is certain on MySQL, and possible on MariaDB, which says so of unknown names', () => {
    assert.equal(says(socketAccount, observedIn('my97-socket-tcp-mysql97')), 'certain')
    assert.equal(says(socketAccount, observedIn('ma118-socket-tcp-maria118')), 'possible')
    assert.equal(says(socketAccount, observedOnSocket(greeting(), login(), err(1698))), 'certain')
  })

  it('is not found of a wrong password', () => {
    assert.equal(says(socketAccount, observedIn('ma118-native-wrong-maria118')), undefined)
  })
})

describe('account-without-login', () => {
  it('is possible where MySQL says that no password came, and a proof did', () => {
    assert.equal(says(accountWithoutLogin, observedIn('my97-nologin-mysql97')), 'possible')
  })

  it('is not found where none came, or of MariaDB, which always says so for parsec', () => {
    assert.equal(says(accountWithoutLogin, observedIn('my97-sha2-nonempty-given-empty-mysql97')), undefined)
    assert.equal(says(accountWithoutLogin, observedIn('ma118-parsec-wrong-maria118')), undefined)
    assert.equal(says(accountWithoutLogin, observedIn('my97-sha2-wrong-cold-mysql97')), undefined)
  })
})

describe('anonymous-user', () => {
  const message = (account: string) => `Access denied for user ${account} to database 'app'`
  it('is found where the account of the error has no name, and the login has one', () => {
    assert.equal(says(anonymousUser, refused(1044, message("''@'localhost'"))), 'certain')
  })

  it('is not found where the account has the name, or the login has none', () => {
    assert.equal(says(anonymousUser, refused(1044, message("'mary'@'localhost'"))), undefined)
    const nobody = observed(greeting(), login({ user: '' }), err(1044, message("''@'localhost'"), '42000'))
    assert.equal(says(anonymousUser, nobody), undefined)
  })
})

describe('the host in an error', () => {
  it('loopback-is-not-localhost is possible of an address of the machine itself', () => {
    for (const host of ['127.0.0.1', '::1']) assert.equal(says(loopbackIsNotLocalhost, deniedAt(host)), 'possible')
    for (const host of ['localhost', '192.0.2.7']) assert.equal(says(loopbackIsNotLocalhost, deniedAt(host)), undefined)
  })

  it('client-named-by-address is found of every other address', () => {
    for (const host of ['192.0.2.7', '2001:db8::7']) assert.equal(says(clientNamedByAddress, deniedAt(host)), 'certain')
    for (const host of ['localhost', 'app.example.com', '127.0.0.1', '%']) {
      assert.equal(says(clientNamedByAddress, deniedAt(host)), undefined)
    }
  })
})

describe('1045 and nothing else', () => {
  const seen = observed(greeting(), login(), denied)

  it('password-or-user-unknown is possible, of known and unknown users alike', () => {
    assert.equal(says(passwordOrUserUnknown, observedIn('my97-sha2-wrong-warm-mysql97')), 'possible')
    assert.equal(says(passwordOrUserUnknown, observedIn('my97-unknown-user-mysql97')), 'possible')
  })

  it('password-or-user-unknown is not found where the proof was right, explained, or not given', () => {
    assert.equal(says(passwordOrUserUnknown, observedIn('my97-requiressl-plain-mysql97')), undefined)
    assert.equal(says(passwordOrUserUnknown, seen, near({ nonce: '21-bytes' })), undefined)
    assert.equal(says(passwordOrUserUnknown, observedIn('my97-sha2-nonempty-given-empty-mysql97')), undefined)
  })

  it('proof-right-and-refused is found where the proof holds for the given password', () => {
    assert.equal(says(proofRightAndRefused, seen, near({})), 'certain')
    // The proof of another factor that nobody could test.
    assert.equal(says(proofRightAndRefused, seen, { ...near({}), incomplete: true }), undefined)
    const switched = observed(greeting(), login(), switchTo('mysql_native_password'), answer(scramble(20)), denied)
    assert.equal(says(proofRightAndRefused, switched, near({})), 'certain')
  })

  it('proof-right-and-refused is not found where it does not, nobody tested it, or the server praised it', () => {
    assert.equal(says(proofRightAndRefused, seen, near({ password: 'trailing-newline' })), undefined)
    assert.equal(says(proofRightAndRefused, seen), undefined)
    const praised = observed(greeting(), login(), fastAuthentication, denied)
    assert.equal(says(proofRightAndRefused, praised, near({})), undefined)
  })
})

/** Let in, and then with one command. */
function commanded(...said: readonly Said[]): Observation {
  return observed(greeting(), login(), ok, query, ...said)
}
