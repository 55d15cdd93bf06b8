import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { expiredToken } from './bearer-token.ts'

const now = Date.UTC(2026, 10, 20, 12)

function openid(claims: object): Uint8Array {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return Buffer.from(`${part({ alg: 'RS256' })}.${part(claims)}.c2lnbmF0dXJl`)
}

function aws(date: string, seconds = 900): Uint8Array {
  const query = `Action=connect&DBUser=app&X-Amz-Date=${date}&X-Amz-Expires=${seconds}&X-Amz-Signature=00ff`
  return Buffer.from(`db.eu-west-1.rds.amazonaws.com:3306/?${query}`)
}

describe('expiredToken', () => {
  it('T22 names when a token of OpenID expired, and nothing of its content', () => {
    const error = expiredToken(openid({ exp: now / 1000 - 60, sub: 'mary' }), now)
    assert.equal(error?.symbol, 'CR_AUTH_PLUGIN_ERR')
    assert.match(error?.message ?? '', /expired at 2026-11-20T11:59:00/)
    assert.doesNotMatch(error?.message ?? '', /mary|c2lnbmF0dXJl/)
  })

  it('T22 names when a token of AWS expired: its date and its 15 minutes', () => {
    const error = expiredToken(aws('20261120T113000Z'), now)
    assert.match(error?.message ?? '', /mysql_clear_password.*expired at 2026-11-20T11:45:00/)
    assert.doesNotMatch(error?.message ?? '', /00ff/)
  })

  const good: Readonly<Record<string, Uint8Array>> = {
    'a token of OpenID that has time left': openid({ exp: now / 1000 + 1 }),
    'a token of OpenID without an end': openid({ sub: 'mary' }),
    'a token of OpenID whose end is no number': openid({ exp: 'soon' }),
    'a token of AWS that has time left': aws('20261120T115900Z'),
    'a token of AWS with a date that is none': aws('yesterday'),
    'a password': Buffer.from('a.b.c'),
    'a password of any bytes': Buffer.from([0xff, 0x2e, 0x00]),
    'no password': new Uint8Array(0),
  }
  for (const [what, secret] of Object.entries(good)) {
    it(`lets through ${what}`, () => assert.equal(expiredToken(secret, now), undefined))
  }
})
