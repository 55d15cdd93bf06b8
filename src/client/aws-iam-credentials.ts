/**
 * Finds AWS credentials where every AWS tool looks first: the environment, then the shared credentials file. Whoever has them
 * from elsewhere (SSO, the instance's role) gives `awsIamToken` a function.
 *
 * Spec: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html
 */
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ConfigurationError } from '../errors/errors.ts'
import type { AwsCredentials } from './aws-iam.ts'

/**
 * Reads `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, else the profile `AWS_PROFILE` (`default`) in
 * `AWS_SHARED_CREDENTIALS_FILE` (`~/.aws/credentials`).
 *
 * Rejects: `ConfigurationError` that says where it looked.
 */
export async function awsCredentials(
  env: Readonly<Record<string, string | undefined>> = process.env,
  home: string = homedir(),
): Promise<AwsCredentials> {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = env
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
  const file = env.AWS_SHARED_CREDENTIALS_FILE || join(home, '.aws', 'credentials')
  const profile = env.AWS_PROFILE || 'default'
  const section = profileIn(await textOf(file), profile)
  const [id, secret, token] = ['aws_access_key_id', 'aws_secret_access_key', 'aws_session_token'].map((name) =>
    section.get(name),
  )
  if (id && secret) return { accessKeyId: id, secretAccessKey: secret, ...(token && { sessionToken: token }) }
  throw new ConfigurationError(
    `no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, and ${file} has no key pair in the profile '${profile}'`,
  )
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return ''
    throw new ConfigurationError(`cannot read the AWS credentials in ${file} (${code})`)
  }
}

function profileIn(text: string, profile: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>()
  let here = false
  for (const line of text.split(/\r?\n/)) {
    const [, section] = /^\s*\[\s*(.*?)\s*\]/.exec(line) ?? []
    if (section !== undefined) here = section === profile
    const [, name, value] = /^([a-z_]+)\s*=\s*(.*?)\s*$/i.exec(line) ?? []
    if (here && name !== undefined && value !== undefined) settings.set(name.toLowerCase(), value)
  }
  return settings
}
