/** The matrix of logins through a gateway: client x server x way x plugin x how each leg is protected x password. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Plugin } from './expectations.ts'
import { type Driver, driversAmong, type Outcome } from './gateway-drivers.ts'
import { type Cell, surpriseIn, unusedExceptions } from './gateway-expectations.ts'
import {
  type GatewayWorld,
  type Leg,
  legs,
  openWorld,
  rightPassword,
  type ServerKind,
  serverKinds,
  sharedUser,
  type TestedWay,
  userOf,
} from './gateway-world.ts'
import { installed, type Peer } from './install.ts'

type Row = Pick<Cell, 'way' | 'plugin' | 'legs'>

const everyLeg = legs.flatMap((client) => legs.map((backend) => [client, backend] as const))

/** Not the whole product: where the gateway judges, what is between it and the backend changes nothing for the client's plugin. */
function rowsOf({ name, plugins }: ServerKind): Row[] {
  const rows = (way: TestedWay, those: readonly Plugin[], over: readonly (readonly [Leg, Leg])[]) =>
    those.flatMap((plugin) => over.map((both) => ({ way, plugin, legs: both })))
  const judgedThere = [...rows('relay', plugins, everyLeg), ...rows('backend', plugins, everyLeg)]
  const crossed = [
    ['plain', 'tls'],
    ['tls', 'plain'],
  ] as const
  if (name === 'MySQL 9.7') {
    return [
      ...judgedThere,
      ...rows('own', everyPlugin, crossed),
      ...rows('mapped', ['caching_sha2_password'], everyLeg),
    ]
  }
  if (name === 'MariaDB 10.11') {
    return [...judgedThere, ...rows('own', native, crossed), ...rows('mapped', native, everyLeg)]
  }
  return judgedThere
}

const native = ['mysql_native_password'] as const
const everyPlugin = [
  ...native,
  ...(['caching_sha2_password', 'sha256_password', 'mysql_clear_password', 'ed25519', 'parsec', 'dialog'] as const),
]

/** Declares the tests. Servers start before theirs and end after them; those of one server run one after the other. */
export function testGatewayLogins(peers: readonly Peer[]): void {
  const drivers = driversAmong(peers)
  describe('logins through a gateway', { concurrency: 3, timeout: 240_000 }, () => {
    after(() => {
      for (const driver of drivers) driver.stop?.()
    })
    for (const kind of serverKinds) {
      const missing = installed(peers, kind.peer) === undefined && `MISSING: ${kind.peer}`
      describe(`to ${kind.name}`, { skip: missing }, () => {
        let world: GatewayWorld
        before(async () => {
          world = await openWorld(peers, kind)
        })
        after(() => world?.close())
        for (const driver of drivers) {
          for (const way of ['relay', 'own', 'backend', 'mapped'] as const) {
            const rows = rowsOf(kind).filter((row) => row.way === way)
            if (rows.length === 0) continue
            test(`${driver.name}: ${way}`, async () => {
              const surprises: string[] = []
              for (const row of rows) surprises.push(...(await runRow(world, driver, row)))
              assert.deepEqual(surprises, [])
            })
          }
        }
      })
    }
  })
  const all = serverKinds.every(({ peer }) => installed(peers, peer) !== undefined) && drivers.length === 10
  test('every exception among logins through a gateway is needed', { skip: !all && 'MISSING' }, () => {
    assert.deepEqual(unusedExceptions(), [])
  })
}

/** What is not as it must be. */
async function runRow(world: GatewayWorld, driver: Driver, row: Row): Promise<string[]> {
  const { way, plugin } = row
  const [clientLeg, backendLeg] = row.legs
  const { port, gateway } = world.gateways[backendLeg]
  const user = userOf(way, plugin)
  const surprises: (string | undefined)[] = []
  const check = (step: Cell['step'], password: Cell['password'], outcome: Outcome) => {
    const cell = { server: world.kind.name, driver: driver.name, ...row, step, password }
    const currentUser = `${way === 'mapped' ? sharedUser : user}@%`
    surprises.push(surpriseIn(cell, user, currentUser, outcome))
  }
  const remembers = plugin === 'caching_sha2_password'
  const passwords = remembers ? (['cold', 'right', 'wrong'] as const) : (['right', 'wrong'] as const)
  for (const password of passwords) {
    if (password === 'cold') await world.forget()
    gateway.pool.discard(() => false)
    const who = { user, password: password === 'wrong' ? 'pw-wrong' : rightPassword }
    check('login', password, await driver.login(port, clientLeg, who))
    if (driver.changeUser === undefined) continue
    if (password === 'cold') await world.forget()
    const from = { user: userOf('own', 'mysql_native_password'), password: rightPassword }
    check('change user', password, await driver.changeUser(port, clientLeg, from, who))
  }
  return surprises.filter((surprise) => surprise !== undefined)
}
