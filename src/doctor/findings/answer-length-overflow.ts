import { capability, has } from '../../packets/capabilities.ts'
import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { sayError } from '../reading.ts'

export const finding: Finding = {
  id: 'answer-length-overflow',
  title: 'The answer is longer than its length of one byte can say: the rest is read as other fields',
  severity: 'decisive',
  affects:
    'Long passwords and tokens (IAM, JWT, OpenID Connect) as the first answer of clients without CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA: libmariadb, Connector/Python, go-sql-driver before 1.9',
  remedy: {
    client:
      'Upgrade the driver to one that writes long answers, or let it begin with another plugin: after a switch the answer has no length.',
    server: 'Offer CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA; greet with another plugin than mysql_clear_password.',
  },
  reference: 'https://github.com/go-sql-driver/mysql/pull/1625',
  onLogin(seen) {
    const { login } = seen
    if (login === undefined || has(login.capabilities, capability.PLUGIN_AUTH_LENENC_CLIENT_DATA)) return undefined
    const name = login.authPluginName
    // What stands there is a piece of the answer, and is not quoted.
    if (name === undefined || /^[\w-]{0,64}$/.test(name)) return undefined
    const line = `behind an answer of ${login.authAnswer.length} bytes stand ${name.length} that are no name of a plugin`
    return { certain: true, lines: [line, sayClient(fingerprintOf(seen)), ...sayError(seen)] }
  },
}
