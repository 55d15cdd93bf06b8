import type { Finding } from '../finding.ts'
import { iamTokenIn } from '../iam-token.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'iam-token-expired',
  title: 'The IAM token is not in force at this time',
  severity: 'decisive',
  affects:
    'Amazon RDS and Aurora: a token is good for 15 minutes; pools that keep one as their password, machines whose clock is wrong',
  remedy: {
    client:
      'Sign a fresh token for each connection (a function in the place of the password), and set the clock by NTP.',
  },
  reference: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Troubleshooting.html',
  onLogin(seen) {
    const token = wasRefused(seen, 1045) ? iamTokenIn(seen) : undefined
    const { startedMs } = seen
    if (token?.validMs === undefined || startedMs === undefined) return undefined
    const { from, until } = token.validMs
    if (startedMs >= from && startedMs <= until) return undefined
    const times = [from, until, startedMs].map((ms) => new Date(ms).toISOString())
    const line = `good from ${times[0]} until ${times[1]}; the login began at ${times[2]}`
    return { certain: true, lines: [line, ...sayError(seen)] }
  },
}
