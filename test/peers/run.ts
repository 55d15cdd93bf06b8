/**
 * `npm run test:peers`: real clients against the front door, the front door beside a real mysqld, and our client against real
 * servers.
 *
 * Options: `--against mysqld` lets the real clients meet a real MySQL server instead, and runs nothing else. `--report FILE` writes
 * the page of docs/compatibility.md, and runs only what it is made of.
 */
import { parseArgs } from 'node:util'
import { testAgainstMysqld } from './as-mysqld.ts'
import { testDoctor } from './doctor.ts'
import { installPeers, peerLine } from './install.ts'
import { testOurClient } from './our-client.ts'
import { testOurClientsCases } from './our-client-cases.ts'
import { testOurConnection } from './our-connection.ts'
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
  testAgainstTshark(peers)
}
