import { rdsRegion } from '../../client/aws-iam.ts'
import type { Finding } from '../finding.ts'
import { iamTokenIn } from '../iam-token.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'iam-token-for-another-host',
  title: 'The IAM token is signed for another endpoint or region',
  severity: 'decisive',
  affects: 'Amazon RDS and Aurora; names of their own (CNAME) for an endpoint, reader and writer, port forwarding',
  remedy: {
    client:
      'Sign the token for the own name of the endpoint and its region, whatever name or tunnel the connection goes by.',
  },
  reference: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Troubleshooting.html',
  onLogin(seen) {
    const token = wasRefused(seen, 1045) ? iamTokenIn(seen) : undefined
    if (token === undefined) return undefined
    const server = seen.tls?.serverName?.toLowerCase()
    const home = rdsRegion(token.host) ?? token.region
    const otherHost = server !== undefined && server !== token.host
    const otherRegion = home !== token.region
    if (!otherHost && !otherRegion) return undefined
    const lines = [
      ...(otherHost ? [`signed for ${token.host}, the connection asks for ${server}`] : []),
      ...(otherRegion ? [`${token.host} is in ${home}, signed was for ${token.region ?? 'none'}`] : []),
    ]
    // A name of one's own may lead to the right server all the same; with the region there is no doubt.
    return { certain: otherRegion, lines: [...lines, ...sayError(seen)] }
  },
}
