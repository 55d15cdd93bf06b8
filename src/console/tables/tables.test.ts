import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openConsole, root } from '../../../test/support/console-session.ts'
import pinned from '../../../test/vectors/console/columns-9.7.4.json' with { type: 'json' }
import { ConnectionRecord, type DoorPhase } from '../../registry/connection-record.ts'
import { findTable, virtualTables } from './index.ts'

const console = openConsole([
  root,
  { user: 'ann', host: '%' },
  { user: 'monitor', host: '%', privileges: new Set(['PROCESS']) },
  {
    user: 'reader',
    host: '%',
    databases: new Map([
      ['mysql', new Set(['SELECT'])],
      ['performance\\_schema', new Set(['SELECT'])],
    ]),
  },
])
const { door } = console
after(() => console.close())

describe('columns', () => {
  for (const table of virtualTables) {
    const name = `${table.schema}.${table.name}`
    if (table.schema === 'saltgate') continue
    it(`of ${name} are those of MySQL 9.7.4, in order, case and type`, () => {
      const expected = (pinned as Record<string, string[]>)[name]
      assert.ok(expected !== undefined, `MySQL has no ${name}`)
      assert.deepEqual(
        table.columns.map((column) => `${column.name} ${column.type}${column.nullable ? ' null' : ''}`),
        expected,
      )
    })
  }
})

describe('rows', () => {
  it('have one value per column in every table', () => {
    const session = console.login('root')
    for (const table of virtualTables) {
      for (const row of table.rows({ door, home: door, gateway: undefined, session, tables: virtualTables })) {
        assert.equal(row.length, table.columns.length, `${table.schema}.${table.name}`)
      }
    }
  })

  it('are found under any spelling of the name', () => {
    assert.equal(findTable(virtualTables, 'Information_Schema', 'processList')?.name, 'PROCESSLIST')
    assert.equal(findTable(virtualTables, 'mysql', 'nope'), undefined)
  })
})

describe('a connection that is not authenticated', () => {
  const stranger = (phase: DoorPhase, hostName?: string) => {
    const record = new ConnectionRecord(door.registry.nextId(), 'plaintext', '192.0.2.7', 5000, door.now() - 3500)
    record.hostName = hostName
    record.phase = phase
    door.registry.add(record, door.now())
    return record
  }

  for (const [phase, state, host] of [
    ['accepted', 'login', '192.0.2.7:5000'],
    ['resolving-name', 'login', '192.0.2.7:5000'],
    ['login', 'Receiving from client', 'host.example:5000'],
    ['tls', 'login', 'host.example:5000'],
    ['login-over-tls', 'Receiving from client', 'host.example:5000'],
    ['secret-check', 'login', 'host.example:5000'],
    ['auth-answer', 'Receiving from client', 'host.example:5000'],
    ['auth-switch-answer', 'Receiving from client', 'host.example:5000'],
  ] as const) {
    it(`in phase ${phase} is "${state}" of ${host}`, async () => {
      const record = stranger(phase, 'host.example')
      const rows = await console.login('root').rows('SHOW PROCESSLIST')
      assert.deepEqual(
        rows.find((row) => row.Id === record.id),
        {
          ...{ Id: record.id, User: 'unauthenticated user', Host: host, db: null, Command: 'Connect', Time: 3 },
          ...{ State: state, Info: null },
        },
      )
      door.registry.remove(record)
    })
  }

  it('shows nothing in performance_schema.processlist but that it is there', async () => {
    const record = stranger('auth-answer')
    const [row] = await console
      .login('root')
      .rows(`SELECT * FROM performance_schema.processlist WHERE ID = ${record.id}`)
    assert.deepEqual(
      { ...row, ID: Number(row?.ID) },
      {
        ...{ ID: record.id, USER: 'unauthenticated user', HOST: '', DB: null, COMMAND: 'Sleep', TIME: null, STATE: '' },
        ...{ INFO: null, EXECUTION_ENGINE: 'PRIMARY' },
      },
    )
    door.registry.remove(record)
  })

  it('is seen by those with PROCESS and by nobody else', async () => {
    const record = stranger('login')
    const sees = async (user: string) =>
      (await console.login(user).rows('SHOW PROCESSLIST')).some((row) => row.Id === record.id)
    assert.equal(await sees('root'), true)
    assert.equal(await sees('monitor'), true)
    assert.equal(await sees('ann'), false)
    door.registry.remove(record)
  })

  it('is in saltgate.handshakes with what it said, and stays there when it was refused', async () => {
    const record = stranger('auth-answer', 'host.example')
    const attributes = [
      ['_client_name', 'libmysql'],
      ['_client_version', '9.7.4'],
      ['__proto__', 'x'],
    ] as const
    record.login = {
      user: 'eve',
      database: 'shop',
      capabilities: 0,
      collationId: 255,
      maxPacketSize: 0,
      authPluginName: 'caching_sha2_password',
      connectAttributes: attributes.map(([key, value]) => [Buffer.from(key), Buffer.from(value)] as const),
      mariadbCapabilities: 0,
      zstdLevel: undefined,
    }
    record.plugin = 'caching_sha2_password'
    const session = console.login('root')
    const select = `SELECT * FROM saltgate.handshakes WHERE connection_id = ${record.id}`
    const [pending] = await session.rows(select)
    assert.equal(pending?.user, 'eve')
    assert.equal(pending?.outcome, 'pending')
    assert.equal(pending?.client_name, 'libmysql')
    assert.deepEqual(JSON.parse(String(pending?.attributes)), Object.fromEntries(attributes))
    assert.ok(Number(pending?.waited_ms) >= 3500)
    door.registry.remove(record)
    const { story, account, plugin, channel } = record
    door.registry.ended({
      ...{ story, account, plugin, channel, again: false, user: 'eve', tlsVersion: undefined },
      ...{ record, endedAtMs: door.now(), outcome: 'refused', during: 'auth-answer', reason: 'scramble-mismatch' },
      ...{ detail: 'trailing newline', errorCode: 1045 },
    })
    const [refused] = await session.rows(select)
    assert.equal(refused?.outcome, 'refused')
    assert.equal(refused?.deny_reason, 'scramble-mismatch')
    assert.equal(refused?.detail, 'trailing newline')
    assert.equal(Number(refused?.error_code), 1045)
    const [counted] = await session.rows(
      "SELECT count FROM saltgate.deny_reasons WHERE deny_reason = 'scramble-mismatch'",
    )
    assert.equal(Number(counted?.count), 1)
    const [group] = await session.rows('SELECT * FROM saltgate.refusals')
    assert.deepEqual(
      [
        group?.deny_reason,
        group?.client,
        group?.network,
        Number(group?.count),
        group?.users,
        group?.last_connection_id,
      ],
      ['scramble-mismatch', 'libmysql 9.7.4', '192.0.2.0/24', 1, 'eve', BigInt(record.id)],
    )
    assert.match(String(group?.remedy), /password/)
  })
})

describe('who may read', () => {
  const ann = console.login('ann', 'client.example')
  const denied = (table: string) => `1142 SELECT command denied to user 'ann'@'client.example' for table '${table}'`

  it('is refused by 1142 where SELECT is needed, whether or not there is such a table', async () => {
    for (const [table, name] of [
      ['mysql.user', 'user'],
      ['mysql.nope', 'nope'],
      ['performance_schema.threads', 'threads'],
      ['performance_schema.host_cache', 'host_cache'],
      ['performance_schema.nope', 'nope'],
      ['saltgate.handshakes', 'handshakes'],
      ['nodb.t', 't'],
    ] as const) {
      assert.equal(await ann.error(`SELECT * FROM ${table}`), denied(name))
    }
  })

  it('sees nothing of such tables in information_schema and SHOW', async () => {
    const rows = await ann.rows(
      "SELECT TABLE_NAME FROM information_schema.tables WHERE table_schema <> 'information_schema'",
    )
    assert.ok(rows.some((row) => row.TABLE_NAME === 'processlist'))
    assert.ok(!rows.some((row) => row.TABLE_NAME === 'user'))
    assert.deepEqual(await ann.rows('SHOW DATABASES'), [
      { Database: 'information_schema' },
      { Database: 'performance_schema' },
    ])
    assert.equal(await ann.error('SHOW TABLES FROM mysql'), "1044 Access denied for user 'ann'@'%' to database 'mysql'")
  })

  it('sees own connections, own attributes and own privileges', async () => {
    const rows = await ann.rows('SELECT ID, USER FROM information_schema.processlist')
    assert.ok(rows.length > 0 && rows.every((row) => row.USER === 'ann'))
    assert.deepEqual(await ann.rows('SELECT * FROM information_schema.user_privileges'), [
      { GRANTEE: "'ann'@'%'", TABLE_CATALOG: 'def', PRIVILEGE_TYPE: 'USAGE', IS_GRANTABLE: 'NO' },
    ])
    await ann.rows('SELECT * FROM performance_schema.session_account_connect_attrs')
  })

  it('gets tables that there are not by MySQL error, when the privilege is there', async () => {
    const session = console.login('root')
    assert.equal(await session.error('SELECT * FROM mysql.nope'), "1146 Table 'mysql.nope' doesn't exist")
    assert.equal(await session.error('SELECT * FROM nodb.t'), "1049 Unknown database 'nodb'")
    assert.equal(await session.error('SELECT * FROM t'), '1046 No database selected')
    assert.equal(
      await session.error('SELECT * FROM information_schema.nope'),
      "1109 Unknown table 'NOPE' in information_schema",
    )
  })

  it('sees stored credentials only as an administrator of accounts', async () => {
    const sql = "SELECT authentication_string FROM mysql.user WHERE User = 'root'"
    await console.login('root').run("ALTER USER root@localhost IDENTIFIED BY 'pw'")
    assert.match(String((await console.login('root').rows(sql))[0]?.authentication_string), /^\$A\$005\$/)
    assert.deepEqual(await console.login('reader').rows(sql), [{ authentication_string: null }])
    await console.login('reader').rows('SELECT * FROM performance_schema.threads')
  })
})
