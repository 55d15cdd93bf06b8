/** That each client does what it is measured for: against our own front door, which has one row for every statement. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openDoor, type TestDoor } from '../../test/support/door.ts'
import { type Access, driverNames, drivers, readings } from './drivers.ts'

const password = 'pw-bench'

describe('with mysql_native_password', () => {
  let door: TestDoor
  let access: Access

  before(async () => {
    const settings = { default_authentication_plugin: 'mysql_native_password' }
    door = await openDoor({ accounts: [{ user: 'bench', plugin: 'mysql_native_password', password }], settings })
    access = { port: door.port, user: 'bench', password }
  })
  after(() => door.close())

  for (const name of driverNames) {
    it(`${name} logs in and leaves`, async () => {
      const before = door.door.registry.status.Connections
      await drivers[name].cycle(access)
      assert.equal(door.door.registry.status.Connections - before, 1)
      assert.deepEqual(door.refusals, [])
    })

    for (const reading of readings) {
      const read = drivers[name][reading]
      if (read === undefined) continue
      it(`${name} counts the rows of a ${reading}`, async () => {
        for (const dates of ['text', 'as it comes'] as const) assert.equal(await read(access, 'SELECT who', dates), 1)
      })
    }
  }
})

describe('with caching_sha2_password', () => {
  let door: TestDoor
  let access: Access

  before(async () => {
    door = await openDoor({ accounts: [{ user: 'bench', plugin: 'caching_sha2_password', password }] })
    access = { port: door.port, user: 'bench', password }
    await assert.rejects(drivers.floor.cycle(access), /no fast authentication/)
    // mysql2 does a full authentication; from then on it is fast.
    await drivers.mysql2.cycle(access)
  })
  after(() => door.close())

  for (const name of driverNames.filter((name) => name !== 'mysql')) {
    it(`${name} logs in and leaves`, () => drivers[name].cycle(access))
  }

  it('mysql cannot, and says so', async () => {
    await assert.rejects(drivers.mysql.cycle(access), /does not support authentication protocol/)
  })
})

describe('the floor', () => {
  it('fails with what the server says', async () => {
    const door = await openDoor({ accounts: [] })
    try {
      await assert.rejects(
        drivers.floor.cycle({ port: door.port, user: 'nobody', password }),
        /is not allowed to connect/,
      )
    } finally {
      await door.close()
    }
  })
})
