/** The password that proofs are tested with: from MYSQL_PWD, or from a person. Never from the command line. */
import { openPrompt } from '../connect/password-prompt.ts'

/** Units: UTF-8. Rejects: `ConfigurationError` when there is nobody to ask. */
export async function knownPassword(): Promise<Uint8Array> {
  const given = process.env.MYSQL_PWD
  if (given !== undefined) return Buffer.from(given)
  const prompt = openPrompt('MYSQL_PWD')
  try {
    return Buffer.from(await prompt.ask('Password to test the proofs with: '))
  } finally {
    prompt.close()
  }
}
