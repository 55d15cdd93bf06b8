import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type AwsCredentials, awsIamToken, rdsRegion } from './aws-iam.ts'
import { awsCredentials } from './aws-iam-credentials.ts'
import { expiredToken } from './bearer-token.ts'

interface Case extends AwsCredentials {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly region: string
  readonly now: string
  readonly token: string
}
const vectors = join(import.meta.dirname, '../../test/vectors/aws-iam/tokens.json')
const { cases } = JSON.parse(readFileSync(vectors, 'utf8')) as { cases: readonly Case[] }

describe('awsIamToken', () => {
  for (const { token, now, ...given } of cases) {
    it(`signs the same token as botocore for ${given.user} at ${given.host}`, async () => {
      const ours = await awsIamToken({ ...given, credentials: given, now: Date.parse(now) })
      // Order of parameters and case of the host are free; what is signed is not.
      const parts = (text: string) =>
        text
          .replace(/^[^/]*/, (host) => host.toLowerCase())
          .split(/[?&]/)
          .sort()
      assert.deepEqual(parts(ours), parts(token))
      const byName = await awsIamToken({
        ...given,
        region: rdsRegion(given.host)!,
        credentials: async () => given,
        now: Date.parse(now),
      })
      assert.equal(byName, ours)
      // Whoever refuses expired tokens knows ours.
      assert.equal(expiredToken(Buffer.from(ours), Date.parse(now) + 899_999), undefined)
      assert.ok(expiredToken(Buffer.from(ours), Date.parse(now) + 900_000))
    })
  }

  it('refuses what cannot be signed, without naming the secret', async () => {
    const credentials = { accessKeyId: 'AKID', secretAccessKey: 'geheim' }
    const login = { host: 'db.example', port: 3306, user: 'app', credentials }
    const host = 'x.eu-west-1.rds.amazonaws.com'
    for (const [options, message] of [
      [login, /^the AWS region is not in the name 'db.example'/],
      [{ ...login, host, user: '' }, /^an IAM token is signed for a user/],
      [{ ...login, host, credentials: { ...credentials, accessKeyId: '' } }, /^the AWS credentials lack/],
    ] as const) {
      await assert.rejects(awsIamToken(options), { name: 'ConfigurationError', message })
    }
  })
})

describe('rdsRegion', () => {
  it('finds the region only in names that are endpoints of RDS', () => {
    for (const [host, region] of [
      ['a.b.eu-west-1.rds.amazonaws.com', 'eu-west-1'],
      ['A.B.EU-WEST-1.RDS.AMAZONAWS.COM', 'eu-west-1'],
      ['a.cluster-b.us-gov-east-1.rds.amazonaws.com', 'us-gov-east-1'],
      ['a.b.rds.cn-northwest-1.amazonaws.com.cn', 'cn-northwest-1'],
      ['a.b.eu-west-1.rds.amazonaws.com.evil.example', undefined],
      ['eu-west-1.rds.amazonaws.com', undefined],
      ['localhost', undefined],
    ] as const) {
      assert.equal(rdsRegion(host), region, host)
    }
  })
})

describe('awsCredentials', () => {
  function home(credentials: string) {
    const path = mkdtempSync(join(tmpdir(), 'saltgate-aws-'))
    mkdirSync(join(path, '.aws'))
    writeFileSync(join(path, '.aws/credentials'), credentials)
    return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
  }
  const file = `# mine
[default]
aws_access_key_id = AKIDEFAULT
aws_secret_access_key=se/cr=et
[ work ]
aws_secret_access_key = w
aws_access_key_id = AKIDWORK
aws_session_token = t
[half]
aws_access_key_id = AKIDHALF
`

  it('prefers the environment, then takes the profile that AWS_PROFILE names', async () => {
    using here = home(file)
    const env = { AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'S', AWS_PROFILE: 'work' }
    assert.deepEqual(await awsCredentials(env, here.path), { accessKeyId: 'A', secretAccessKey: 'S' })
    assert.deepEqual(await awsCredentials({ ...env, AWS_SESSION_TOKEN: 'T' }, here.path), {
      accessKeyId: 'A',
      secretAccessKey: 'S',
      sessionToken: 'T',
    })
    assert.deepEqual(await awsCredentials({}, here.path), { accessKeyId: 'AKIDEFAULT', secretAccessKey: 'se/cr=et' })
    assert.deepEqual(await awsCredentials({ AWS_PROFILE: 'work' }, here.path), {
      accessKeyId: 'AKIDWORK',
      secretAccessKey: 'w',
      sessionToken: 't',
    })
    const elsewhere = { AWS_SHARED_CREDENTIALS_FILE: join(here.path, '.aws/credentials'), AWS_PROFILE: 'work' }
    assert.equal((await awsCredentials(elsewhere, '/nowhere')).accessKeyId, 'AKIDWORK')
  })

  it('says where it looked when there are none', async () => {
    using here = home(file)
    for (const [profile, path] of [
      ['half', here.path],
      ['none', here.path],
      ['default', '/nowhere'],
    ] as const) {
      await assert.rejects(awsCredentials({ AWS_PROFILE: profile }, path), {
        name: 'ConfigurationError',
        message: `no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, and ${path}/.aws/credentials has no key pair in the profile '${profile}'`,
      })
    }
  })
})
