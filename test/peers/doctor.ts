/**
 * The question that the doctor is for, with real clients: the mysql client gets in, PyMySQL 1.1.1 gets 1045. In front of them stands a
 * server as proxies are: it checks the scramble of caching_sha2_password, and takes no password instead.
 */
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { connect as dial, createServer as listen, type Server } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import type { AccountSource } from '../../src/accounts/source.ts'
import { connect } from '../../src/client/connect.ts'
import { diffObservations } from '../../src/doctor/diff.ts'
import type { Observation } from '../../src/doctor/observation.ts'
import { Observer } from '../../src/doctor/observer.ts'
import { explainedReport } from '../../src/doctor/report/explained-report.ts'
import { createServer } from '../../src/index.ts'
import type { FrontDoor } from '../../src/server/front-door.ts'
import { type ClientOutcome, login } from './clients.ts'
import { type InstalledPeer, installed, type Peer } from './install.ts'

const password = 'pw-right'
const plugin = { plugin: 'caching_sha2_password' }

/** Declares the tests. */
export function testDoctor(peers: readonly Peer[]): void {
  const [mysql, defective, mended] = [
    installed(peers, 'mysql'),
    installed(peers, 'PyMySQL 1.1.1'),
    installed(peers, 'PyMySQL 1.2'),
  ]
  const skip = (!mysql || !defective || !mended) && 'MISSING: mysql, PyMySQL 1.1.1 or PyMySQL 1.2'
  describe('the doctor, where the mysql client gets in and PyMySQL 1.1.1 does not', { skip }, () => {
    const scene = new Scene()
    before(() => scene.open())
    after(() => scene.close())
    beforeEach(() => scene.remember())

    test('finds the nonce of 21 bytes in a login that a server still lets in', async () => {
      scene.takesPasswords = true
      const { outcome, seen } = await scene.watch(defective!)
      assert.ok(outcome.ok)
      const guessed = explainedReport(seen).findings.find(({ id }) => id === 'nonce-21-bytes')
      assert.equal(guessed?.certain, false)
      const proven = explainedReport(seen, { password: Buffer.from(password) }).findings
      const finding = proven.find(({ id }) => id === 'nonce-21-bytes')
      assert.equal(finding?.certain, true)
      assert.match(JSON.stringify(finding), /1\.1\.2/)
    })

    test('puts the one decisive difference first when that server takes scrambles only', async () => {
      scene.takesPasswords = false
      const works = await scene.watch(mysql!)
      const fails = await scene.watch(defective!)
      assert.ok(works.outcome.ok)
      assert.equal(!fails.outcome.ok && fails.outcome.code, 1045)
      const [first, ...rest] = diffObservations(works.seen, fails.seen, Buffer.from(password))
      assert.equal(first?.decides, 'yes')
      assert.match(`${first?.what} ${first?.a} ${first?.b} ${first?.why}`, /21/)
      assert.deepEqual(
        rest.filter(({ decides, phase }) => decides === 'yes' && phase !== 'authentication' && phase !== 'verdict'),
        [],
      )
    })

    test('finds nothing decisive in the version that is mended', async () => {
      scene.takesPasswords = false
      const { outcome, seen } = await scene.watch(mended!)
      assert.ok(outcome.ok)
      const { findings } = explainedReport(seen, { password: Buffer.from(password) })
      assert.deepEqual(
        findings.filter(({ severity }) => severity === 'decisive'),
        [],
      )
    })
  })
}

/** A front door that greets with another plugin than the account's, and a relay before it that watches. */
class Scene {
  takesPasswords = true
  #door: FrontDoor | undefined
  #relay: Server | undefined
  #port = 0
  #doorPort = 0
  readonly #seen: Observation[] = []
  readonly #ends = new EventEmitter()

  async open(): Promise<void> {
    const accounts = new MemoryAccounts([{ ...plugin, user: 'app', host: '%', password }])
    const [stranger] = new MemoryAccounts([{ ...plugin, user: 'app', host: '%', password: 'another' }]).list()
    const source: AccountSource = {
      // The digest that is remembered belongs to the account as it was: full authentication fails, a scramble does not.
      find: (user, peer) => {
        const found = accounts.find(user, peer)
        return found && !this.takesPasswords ? { ...found, authString: stranger?.authString ?? '' } : found
      },
    }
    this.#door = await createServer({
      accounts: source,
      settings: { default_authentication_plugin: 'mysql_native_password' },
    })
    const [at] = this.#door.listening
    assert.ok(at !== undefined && 'port' in at)
    this.#doorPort = at.port
    this.#relay = listen((client) => {
      const server = dial(at.port, '127.0.0.1')
      const endpoint = (port = 0) => ({ address: '127.0.0.1', port })
      const opened = { client: endpoint(client.remotePort), server: endpoint(at.port), startedMs: Date.now() }
      const observer = new Observer(opened, { number: this.#seen.length + 1 })
      const startMs = performance.now()
      for (const [side, from, to] of [
        ['client', client, server],
        ['server', server, client],
      ] as const) {
        from.on('data', (bytes) => {
          observer.onData(side, bytes as Buffer, performance.now() - startMs)
          to.write(bytes)
        })
        from.on('end', () => observer.onEnd(side, 'fin', performance.now() - startMs))
        from.on('close', () => to.destroySoon())
        from.on('error', () => {})
      }
      client.on('close', () => {
        this.#seen.push(observer.finish())
        this.#ends.emit('end')
      })
    })
    this.#relay.listen(0, '127.0.0.1')
    await once(this.#relay, 'listening')
    this.#port = (this.#relay.address() as { port: number }).port
  }

  /** The server knows the password's digest afterwards, as a proxy does from the start. */
  async remember(): Promise<void> {
    this.takesPasswords = true
    const connection = await connect({ host: '127.0.0.1', port: this.#doorPort, user: 'app', password })
    await connection.close()
  }

  async watch(client: InstalledPeer): Promise<{ outcome: ClientOutcome; seen: Observation }> {
    const before = this.#seen.length
    const who = { host: '127.0.0.1', port: this.#port, user: 'app', password, tls: 'off', sql: 'SELECT 1' } as const
    const outcome = await login(client, who)
    while (this.#seen.length === before) await once(this.#ends, 'end')
    return { outcome, seen: this.#seen.at(-1) as Observation }
  }

  async close(): Promise<void> {
    this.#relay?.close()
    await this.#door?.close()
  }
}
