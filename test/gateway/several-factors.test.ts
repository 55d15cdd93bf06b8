/** Accounts with several passwords, relayed: MySQL's factors and MariaDB's alternatives, of which the gateway knows nothing. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { AccountInput } from '../../src/accounts/memory-accounts.ts'
import { plugins } from '../../src/auth/plugins.ts'
import { connect } from '../../src/client/connect.ts'
import { withDoor } from '../support/door.ts'
import { withGateway } from '../support/gateway.ts'

const salt = new Uint8Array(20).fill(0x41)

function stored(plugin: string, password: string) {
  const authString = plugins.get(plugin)?.store(Buffer.from(password), salt, 5000) ?? ''
  return { plugin, authString }
}

const accounts: AccountInput[] = [
  {
    ...{ user: 'three', plugin: 'mysql_native_password', password: 'first' },
    factors: [stored('caching_sha2_password', 'second'), stored('sha256_password', 'third')],
  },
  {
    ...{ user: 'either', plugin: 'mysql_native_password', password: 'first' },
    alternatives: [stored('caching_sha2_password', 'second')],
  },
]

for (const leg of ['DISABLED', 'REQUIRED'] as const) {
  it(`come through with TLS ${leg} before a backend in clear`, () =>
    withDoor({ accounts }, (backend) =>
      withGateway(
        {
          backends: [
            {
              name: 'one',
              connect: { host: '127.0.0.1', port: backend.port, tls: { mode: 'DISABLED' }, getServerPublicKey: true },
            },
          ],
        },
        async ({ port, refusals }) => {
          const enter = async (user: string, password: string, password2?: string, password3?: string) => {
            const connection = await connect({
              ...{ host: '127.0.0.1', port, user, password, tls: { mode: leg }, getServerPublicKey: true },
              ...(password2 !== undefined && { password2 }),
              ...(password3 !== undefined && { password3 }),
            })
            try {
              return (await connection.query<{ who: string }>('SELECT CURRENT_USER() AS who')).rows[0]?.who
            } finally {
              await connection.close()
            }
          }
          assert.equal(await enter('three', 'first', 'second', 'third'), 'three@%')
          await assert.rejects(enter('three', 'first', 'second', 'wrong'), { code: 1045 })
          await assert.rejects(enter('three', 'first', 'wrong', 'third'), { code: 1045 })
          await assert.rejects(enter('three', 'wrong', 'second', 'third'), { code: 1045 })
          assert.equal(await enter('either', 'first'), 'either@%')
          assert.equal(await enter('either', 'second'), 'either@%')
          await assert.rejects(enter('either', 'third'), { code: 1045 })
          assert.deepEqual([...new Set(refusals.map(({ reason }) => reason))], ['backend-refused'])
        },
      ),
    ))
}
