import type { Finding } from '../finding.ts'
import { iamTokenIn } from '../iam-token.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'iam-token-damaged',
  title: 'The IAM token did not arrive as it was signed',
  severity: 'decisive',
  affects: 'Amazon RDS and Aurora; settings that cut long values, URLs that are decoded on the way',
  remedy: {
    client:
      'Hand the token over by a function or an option of its own: not in a URL, not in a field with a limit (it has several hundred characters).',
  },
  reference: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Troubleshooting.html',
  onLogin(seen) {
    const token = wasRefused(seen, 1045) ? iamTokenIn(seen) : undefined
    if (token?.damage === undefined) return undefined
    return { certain: true, lines: [`the token of ${token.length} bytes: ${token.damage}`, ...sayError(seen)] }
  },
}
