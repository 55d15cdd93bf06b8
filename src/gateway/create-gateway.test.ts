import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openDoor, type TestDoor, until } from '../../test/support/door.ts'
import { connect } from '../client/connect.ts'
import type { Connection } from '../client/connection.ts'
import { type CreatedGateway, type CreateGatewayOptions, createGateway } from './create-gateway.ts'

let [one, two] = [] as unknown as [TestDoor, TestDoor]

before(async () => {
  ;[one, two] = await Promise.all([openBackend('one'), openBackend('two')])
})

after(() => Promise.all([one.front.close(0), two.front.close(0)]))

function openBackend(name: string): Promise<TestDoor> {
  return openDoor({
    accounts: [
      { user: 'watch', password: 'watching' },
      { user: 'ann', password: 'right' },
    ],
    handler: () => () => [{ answer: name }],
  })
}

function to(server: TestDoor, more = ''): string {
  return `mysql://127.0.0.1:${server.port}?ssl-mode=DISABLED&get-server-public-key=1${more}`
}

async function open(options: CreateGatewayOptions): Promise<CreatedGateway & AsyncDisposable> {
  const { keys } = one
  const gateway = await createGateway({ keys, ...options })
  return Object.assign(gateway, { [Symbol.asyncDispose]: () => gateway.close(0) })
}

function login({ listening: [at] }: CreatedGateway, user = 'ann', password = 'right'): Promise<Connection> {
  assert.ok(at?.kind === 'tcp')
  const tls = { mode: 'DISABLED' } as const
  return connect({ host: at.host, port: at.port, user, password, tls, getServerPublicKey: true })
}

async function answer(connection: Connection): Promise<unknown> {
  const { rows } = await connection.query<{ answer: string }>('who')
  return rows[0]?.answer
}

describe('createGateway', () => {
  it('relays everybody to its servers, on a free port of loopback, unless told otherwise', async () => {
    await using gateway = await open({ to: [to(one)] })
    assert.deepEqual(
      gateway.backends.map(({ name, state }) => [name, state]),
      [[`127.0.0.1:${one.port}`, 'up']],
    )
    const connection = await login(gateway)
    assert.equal(await answer(connection), 'one')
    await connection.close()
  })

  it('goes by rules, hooks and accounts that are given', async () => {
    const seen: string[] = []
    await using gateway = await open({
      to: [to(one, '&name=a'), to(two, '&name=b')],
      rules: [
        { user: 'clerk', way: 'mapped', as: { user: 'ann', credential: { password: 'right' } }, to: { backend: 'b' } },
      ],
      hooks: { readAuth: ({ user }) => void seen.push(user) },
      accounts: [{ user: 'clerk', password: 'mine' }],
    })
    const connection = await login(gateway, 'clerk', 'mine')
    assert.equal(await answer(connection), 'two')
    await connection.close()
    await assert.rejects(login(gateway, 'ann', 'right'), { code: 1045 })
    assert.deepEqual(seen, ['clerk', 'ann'])
  })

  it('rejects what cannot work, and leaves nothing open', async () => {
    for (const [options, message] of [
      [{ to: [] }, /^to: there is no backend/],
      [{ to: [to(one)], rules: [{ way: 'mapped' }] }, /^rules: rule 1/],
      [{ to: [to(one)], listen: ['nowhere'] }, /^cannot listen on 'nowhere'/],
      [
        { to: [to(one)], rules: [{ way: 'backend' }], backendAccounts: { schema: 'a.b' } },
        /'a\.b' cannot be the schema/,
      ],
    ] as const) {
      await assert.rejects(open(options), { name: 'ConfigurationError', message })
    }
    await until(() => one.door.registry.live.size === 0, 'its watches have left')
  })
})

describe('reload', () => {
  it('takes over what is given and keeps what is not, without a gap and without losing a session', async () => {
    await using gateway = await open({ to: [to(one, '&name=a')], rules: [{ user: 'ann', way: 'relay' }] })
    const old = await login(gateway)
    const [before] = gateway.backends
    let reloaded = false
    const reload = gateway.reload({ to: [to(two, '&name=a')] }).then(() => {
      reloaded = true
    })
    // Until it is known how the new one is, the old one serves.
    while (!reloaded) await (await login(gateway)).close()
    await reload
    assert.notEqual(gateway.backends[0], before)
    assert.equal(await answer(old), 'one')
    const fresh = await login(gateway)
    assert.equal(await answer(fresh), 'two')
    await assert.rejects(login(gateway, 'watch', 'watching'), { code: 1045 })
    await Promise.all([old.close(), fresh.close()])
  })

  it('keeps a server that is the same, with what is known of it', async () => {
    await using gateway = await open({ to: [to(one)] })
    const [before] = gateway.backends
    await gateway.reload({ to: [to(one, '&weight=3')], rules: [{ way: 'refuse' }] })
    assert.equal(gateway.backends[0], before)
    assert.equal(before?.options.weight, 3)
    await assert.rejects(login(gateway), { code: 1045 })
    await gateway.reload({ rules: [] })
    await (await login(gateway)).close()
  })

  it('changes nothing by what cannot work', async () => {
    await using gateway = await open({ to: [to(one, '&name=a')] })
    const [before] = gateway.backends
    await assert.rejects(gateway.reload({ to: [to(two)], rules: [{ way: 'relay', to: { backend: 'a' } }] }), {
      message: /^rules: rule 1/,
    })
    await assert.rejects(gateway.reload({ rules: [{ way: 'backend' }], backendAccounts: { schema: 'a.b' } }), {
      message: /schema/,
    })
    assert.deepEqual(gateway.backends, [before])
    await gateway.reload({})
    await (await login(gateway)).close()
  })

  it('reads the accounts of a server once a rule needs them, and no more when none does', async () => {
    const warnings: string[] = []
    const log = { debug() {}, info() {}, warn: (_: object, text: string) => void warnings.push(text), error() {} }
    const own = to(one).replace('//', '//watch:watching@')
    await using gateway = await open({ to: [own], log })
    await (await login(gateway)).close()
    await gateway.reload({ rules: [{ way: 'backend' }] })
    assert.match(
      warnings.join('\n'),
      /cannot be read\nnobody gets in by the accounts of the backend until they are read/,
    )
    await assert.rejects(login(gateway), { code: 1045 })
    await gateway.reload({ rules: [{ way: 'relay' }] })
    await (await login(gateway)).close()
  })

  it('is refused once the gateway closes', async () => {
    const gateway = await open({ to: [to(one)] })
    const closed = gateway.close(0)
    await assert.rejects(gateway.reload({ rules: [{ way: 'refuse' }] }), { message: 'the gateway is closing' })
    await closed
  })
})
