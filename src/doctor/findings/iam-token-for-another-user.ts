import type { Finding } from '../finding.ts'
import { iamTokenIn } from '../iam-token.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'iam-token-for-another-user',
  title: 'The IAM token is signed for another user than the one that logs in',
  severity: 'decisive',
  affects: 'Amazon RDS and Aurora; settings where the user stands twice',
  remedy: {
    client: 'Sign the token for the user of the login, in the same upper and lower case.',
  },
  reference: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Troubleshooting.html',
  onLogin(seen) {
    const token = wasRefused(seen, 1045) ? iamTokenIn(seen) : undefined
    const user = Buffer.from(seen.login?.user ?? []).toString('utf8')
    if (token?.user === undefined || token.user === user) return undefined
    return { certain: true, lines: [`signed for ${token.user}, the login is of ${user}`, ...sayError(seen)] }
  },
}
