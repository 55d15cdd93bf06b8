/**
 * The front door beside a real mysqld: the same statements and the same logins on both, and no difference but those that
 * the tables name with their reason.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type InstalledPeer, installed, type Peer } from './install.ts'
import { compareScenario } from './login-differences.ts'
import { scenarios } from './logins.ts'
import { type RunningServer, startFrontDoor, startMysqld } from './servers.ts'
import { compareGroup, login, setUp } from './statement-differences.ts'
import { accountStatements } from './statements-accounts.ts'
import { serverStatements } from './statements-server.ts'
import { variableStatements } from './statements-variables.ts'

/** Declares the tests. The servers start with the first and end with the last. */
export function testAgainstMysqld(peers: readonly Peer[]): void {
  const mysqld = installed(peers, 'mysqld')
  if (!mysqld) {
    test('the front door answers as mysqld', { skip: 'MISSING: mysqld' })
    return
  }
  describe(`the front door answers as mysqld ${mysqld.version}`, () => {
    let servers: [RunningServer, RunningServer]
    before(async () => {
      servers = await start(peers, mysqld)
    })
    after(() => Promise.all((servers ?? []).map((server) => server.stop())))
    for (const [name, scenario] of Object.entries(scenarios)) {
      test(name, async () => assert.deepEqual(await compareScenario(scenario, servers), []))
    }
    for (const [name, group] of Object.entries({ ...accountStatements, ...variableStatements, ...serverStatements })) {
      test(name, async () => {
        for (const server of servers) {
          const root = await login(server, 'root')
          for (const sql of setUp) await root.query(sql)
          root.destroy()
        }
        assert.deepEqual(await compareGroup(group, servers), [])
      })
    }
  })
}

async function start(peers: readonly Peer[], mysqld: InstalledPeer): Promise<[RunningServer, RunningServer]> {
  return [
    await startMysqld(peers, mysqld, ['--disconnect-on-expired-password=OFF']),
    await startFrontDoor(peers, ['disconnect_on_expired_password=OFF']),
  ]
}
