import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nul } from '../../../test/support/bytes.ts'
import {
  answer,
  denied,
  greeting,
  login,
  observedInTls,
  switchTo,
  untested,
} from '../../../test/support/observations.ts'
import { awsIamToken } from '../../client/aws-iam.ts'
import { iamTokenIn } from '../iam-token.ts'
import { finding as damaged } from './iam-token-damaged.ts'
import { finding as expired } from './iam-token-expired.ts'
import { finding as forAnotherHost } from './iam-token-for-another-host.ts'
import { finding as forAnotherUser } from './iam-token-for-another-user.ts'

const host = 'db.c0ffee.eu-central-1.rds.amazonaws.com'
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not-a-secret' }
/** When the logins of the fixtures begin. */
const start = Date.UTC(2026, 0, 1)

function token(changes: { user?: string; now?: number; region?: string } = {}): Promise<string> {
  return awsIamToken({ host, port: 3306, user: 'mary', credentials, now: start - 60_000, ...changes })
}

function loginBy(given: string, serverName?: string) {
  const clear = switchTo('mysql_clear_password', new Uint8Array(0))
  return observedInTls([greeting(), login(), clear, answer(nul(given)), denied], { serverName })
}

describe('IAM tokens', () => {
  it('finds nothing wrong with a token of a minute ago, for this user and endpoint', async () => {
    const seen = loginBy(await token(), host)
    assert.equal(iamTokenIn(seen)?.region, 'eu-central-1')
    for (const { id, onLogin } of [damaged, expired, forAnotherHost, forAnotherUser]) {
      assert.equal(onLogin?.(seen, untested), undefined, id)
    }
  })

  it('finds nothing in a password', () => {
    assert.equal(iamTokenIn(loginBy('pw?Action=other')), undefined)
  })

  it('iam-token-expired says from when until when it was good', async () => {
    const evidence = expired.onLogin?.(loginBy(await token({ now: start - 901_000 })), untested)
    assert.equal(
      evidence?.lines[0],
      'good from 2025-12-31T23:44:59.000Z until 2025-12-31T23:59:59.000Z; the login began at 2026-01-01T00:00:00.000Z',
    )
    assert.equal(expired.onLogin?.(loginBy(await token({ now: start - 899_000 })), untested), undefined)
  })

  it('iam-token-for-another-user names both', async () => {
    const evidence = forAnotherUser.onLogin?.(loginBy(await token({ user: 'admin' })), untested)
    assert.equal(evidence?.lines[0], 'signed for admin, the login is of mary')
  })

  it('iam-token-for-another-host is certain of a region, and possible of a name', async () => {
    const region = forAnotherHost.onLogin?.(loginBy(await token({ region: 'us-east-1' })), untested)
    assert.equal(region?.certain, true)
    const name = forAnotherHost.onLogin?.(loginBy(await token(), 'db.example.com'), untested)
    assert.equal(name?.certain, false)
  })

  it('iam-token-damaged knows a cut one and a decoded one, and quotes neither', async () => {
    const whole = await token()
    for (const [given, what] of [
      [whole.slice(0, 255), /no X-Amz-Signature/],
      [whole.slice(0, -4), /60 of 64 digits/],
      [decodeURIComponent(whole), /percent-decoded/],
      [`${whole} `, /behind its signature/],
    ] as const) {
      const lines = damaged.onLogin?.(loginBy(given), untested)?.lines.join() ?? ''
      assert.match(lines, what)
      assert.doesNotMatch(lines, /AKID|eu-central/)
    }
  })
})
