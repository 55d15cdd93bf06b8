/**
 * `npm run test:peers`: real clients against the front door, the front door beside a real mysqld, our client against real servers, and
 * real clients through the gateway to real servers; and the dashboard in a real browser.
 *
 * Options: `--against mysqld` lets the real clients meet a real MySQL server instead, and runs nothing else. `--report FILE` writes
 * the page of docs/compatibility.md, and runs only what it is made of.
 */
import { parseArgs } from 'node:util'
import { testAgreement } from './agreement.ts'
import { testAgainstMysqld } from './as-mysqld.ts'
import { testDashboard } from './dashboard.ts'
import { testDoctor } from './doctor.ts'
import { testBackendAccounts } from './gateway-accounts.ts'
import { testGatewayCases } from './gateway-cases.ts'
import { testGatewayCommands } from './gateway-commands.ts'
import { testGatewayFailover } from './gateway-failover.ts'
import { testGatewayHealth } from './gateway-health.ts'
import { testGatewayIntegrity } from './gateway-integrity.ts'
import { testGatewayLogins } from './gateway-logins.ts'
import { testGatewayProxyProtocol } from './gateway-proxy.ts'
import { testGatewaySessions } from './gateway-sessions.ts'
import { testGatewaySharing } from './gateway-sharing.ts'
import { installPeers, peerLine } from './install.ts'
import { testMetrics } from './metrics.ts'
import { testMysqlGroup } from './mysql-failover.ts'
import { testOurClient } from './our-client.ts'
import { testOurClientsCases } from './our-client-cases.ts'
import { testOurConnection } from './our-connection.ts'
import { testProxyProtocol } from './proxy-protocol.ts'
import { testRealClients } from './real-clients.ts'
import { testAgainstTshark } from './tshark.ts'

const { against, report } = parseArgs({
  options: { against: { type: 'string' }, report: { type: 'string' } },
}).values
if (against !== undefined && against !== 'mysqld') throw new Error('--against takes mysqld')

const peers = await installPeers((line) => console.log(line))
console.log(peers.map(peerLine).join('\n'))

if (against !== undefined) await testRealClients(peers, true)
else if (report !== undefined) testOurClient(peers, report)
else {
  await testRealClients(peers, false)
  testAgainstMysqld(peers)
  testOurClient(peers, undefined)
  testOurClientsCases(peers)
  testOurConnection(peers)
  testDoctor(peers)
  testDashboard(peers)
  testBackendAccounts(peers)
  testGatewayLogins(peers)
  testGatewayCases(peers)
  testGatewaySessions(peers)
  testGatewaySharing(peers)
  testGatewayProxyProtocol(peers)
  testGatewayHealth(peers)
  testMysqlGroup(peers)
  testGatewayFailover(peers)
  testGatewayCommands(peers)
  testGatewayIntegrity()
  testProxyProtocol(peers)
  testAgainstTshark(peers)
  testMetrics(peers)
  testAgreement()
  // No peer, but two minutes: every login flow of the gateway, cut behind every byte of both legs. npm test takes samples of it.
  process.env.SALTGATE_EVERY_BYTE = '1'
  await import('../gateway/cuts.test.ts')
}
