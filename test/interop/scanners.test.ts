/** The scanners of the command phase beside real drivers: every answer is told once, and nothing but answers. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commandName } from '../../src/packets/commands.ts'
import { until } from '../support/door.ts'
import { openScanningProxy, type ScannedSession } from '../support/scanning-proxy.ts'
import { binaryClients, openAnsweringDoor } from './answering-door.ts'
import { connect } from './clients.ts'

describe('The scanners', () => {
  for (const name of binaryClients) {
    for (const pieceSize of [Number.POSITIVE_INFINITY, 7]) {
      it(`follow ${name} in pieces of at most ${pieceSize} bytes`, async () => {
        const server = await openAnsweringDoor()
        const proxy = await openScanningProxy({ port: server.port }, pieceSize)
        try {
          const client = await connect(name, {
            port: proxy.port,
            user: 'nat',
            password: 'pw',
            multipleStatements: true,
          })
          const steps: (() => Promise<unknown>)[] = [
            () => client.query('rows 1000'),
            () => client.query('types'),
            () => client.query('no-rows'),
            () => client.query('two'),
            () => client.query('insert'),
            () => assert.rejects(client.query('denied')),
            () => assert.rejects(client.query('breaks 5')),
            () => client.query('long 70000'),
            () => client.execute('echo ? ?', [1, 'x']),
            () => client.execute('rows 300', []),
            () => client.ping(),
            () => client.reset(),
            // mariadb does it with MariaDB's servers alone.
            () => (name === 'mysql2' ? client.changeUser({ user: 'nat2', password: 'pw' }) : client.ping()),
            () => client.query('state'),
            () => Promise.all(Array.from({ length: 50 }, (_, i) => client.query(`rows ${i}`))),
          ]
          const [scanned] = proxy.sessions
          assert.ok(scanned)
          for (const step of steps) {
            await step()
            assertSettled(scanned)
          }
          await client.end()
          await until(() => server.door.registry.live.size === 0, 'the client left')
          assertSettled(scanned)
          const seen = new Set(scanned.commands.map(commandName))
          for (const expected of ['COM_QUERY', 'COM_STMT_EXECUTE', 'COM_RESET_CONNECTION', 'COM_QUIT'] as const) {
            assert.ok(seen.has(expected), `${expected} among ${[...seen]}`)
          }
          assert.equal(seen.has('COM_CHANGE_USER'), name === 'mysql2')
          assert.deepEqual(
            scanned.answers.filter(({ error }) => error).map(({ errorCode }) => errorCode),
            [1227, 3024],
          )
        } finally {
          await proxy[Symbol.asyncDispose]()
          await server.close()
        }
      })
    }

    it(`follow ${name} over a row of 20 MiB`, async () => {
      const server = await openAnsweringDoor()
      const proxy = await openScanningProxy({ port: server.port })
      try {
        const client = await connect(name, { port: proxy.port, user: 'nat', password: 'pw' })
        const [{ text = '' } = {}] = (await client.query(`long ${20 << 20}`)) as { text?: string }[]
        assert.equal(text.length, 20 << 20)
        await client.query('rows 3')
        assertSettled(proxy.sessions[0] as ScannedSession)
        await client.end()
      } finally {
        await proxy[Symbol.asyncDispose]()
        await server.close()
      }
    })
  }
})

/** As many answers as commands that have one, and no surprise. */
function assertSettled(scanned: ScannedSession): void {
  assert.equal(scanned.problem, undefined)
  assert.equal(scanned.unasked, 0)
  assert.equal(scanned.outstanding, 0)
  const unanswered = new Set(['COM_QUIT', 'COM_STMT_CLOSE', 'COM_STMT_SEND_LONG_DATA', 'COM_CHANGE_USER'])
  assert.deepEqual(
    scanned.answers.map(({ command }) => command),
    scanned.commands.filter((byte) => !unanswered.has(commandName(byte) ?? '')),
  )
}
