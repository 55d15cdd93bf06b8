import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { saltgate, scratch } from '../../../test/support/cli.ts'
import { sharedKeys } from '../../../test/support/door.ts'
import { openTestGateway, type TestGateway } from '../../../test/support/gateway.ts'
import { connect } from '../../client/connect.ts'
import { viewOf } from '../../gateway/view.ts'
import { silentLog } from '../../server/log.ts'
import { type OpenAdmin, openAdmin } from './admin.ts'

describe('the door for administrators', () => {
  const directory = scratch()
  let gateway: TestGateway

  before(async () => {
    gateway = await openTestGateway({ backends: [{ name: 'none', connect: { host: '127.0.0.1', port: 1 } }] })
  })
  after(async () => {
    await gateway.close()
    directory[Symbol.dispose]()
  })

  const open = async (data: string, password?: string, listen = '127.0.0.1:0') =>
    openAdmin({
      ...{
        gateway: viewOf(gateway.gateway),
        administers: gateway.front.door,
        listen: [listen],
        data: join(directory.path, data),
      },
      ...{ keys: await sharedKeys(), password, log: silentLog },
    })
  const whoAmI = async ({ front }: OpenAdmin, user: string, password: string | undefined) => {
    const [address] = front.listening
    if (address?.kind !== 'tcp') throw new Error('no TCP listener')
    const connection = await connect({
      ...{ host: '127.0.0.1', port: address.port, user, password: password ?? '' },
      ...{ tls: { mode: 'DISABLED' }, getServerPublicKey: true },
    })
    const { rows } = await connection.query<{ who: string }>('SELECT CURRENT_USER() AS who')
    await connection.close()
    return rows[0]?.who
  }

  it('makes root@localhost with a random password at the first start, and tells it once', async () => {
    const first = await open('random')
    assert.match(first.rootPassword ?? '', /^[\w-]{16}$/)
    assert.equal(await whoAmI(first, 'root', first.rootPassword), 'root@localhost')
    await assert.rejects(whoAmI(first, 'root', ''), { code: 1045 })
    await first.close()
    const second = await open('random')
    assert.equal(second.rootPassword, undefined)
    assert.equal(await whoAmI(second, 'root', first.rootPassword), 'root@localhost')
    await second.close()
  })

  it('takes the first password that it is given, and tells nobody', async () => {
    const admin = await open('given', 'chosen')
    assert.equal(admin.rootPassword, undefined)
    assert.equal(await whoAmI(admin, 'root', 'chosen'), 'root@localhost')
    await admin.close()
  })

  it('keeps its accounts where saltgate user finds them, and nobody else', async () => {
    const admin = await open('kept', 'chosen')
    assert.equal(admin.data, join(directory.path, 'kept', 'admin'))
    assert.equal((await stat(admin.data)).mode & 0o077, 0)
    const made = await saltgate(['user', 'add', 'second@%', '--admin', '--password-stdin', '--data', admin.data], {
      ...{ cwd: directory.path, stdin: 'typed\n' },
    })
    assert.equal(made.code, 0, made.stderr)
    assert.equal(await whoAmI(admin, 'second', 'typed'), 'second@%')
    await admin.close()
  })

  it('makes no account when it cannot listen', async () => {
    const busy = await open('busy', 'chosen')
    const [address] = busy.front.listening
    const taken = address?.kind === 'tcp' ? `127.0.0.1:${address.port}` : ''
    await assert.rejects(open('late', 'chosen', taken), { message: /cannot listen/ })
    const later = await open('late')
    assert.notEqual(later.rootPassword, undefined)
    await later.close()
    await busy.close()
  })
})
