import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AnswerEnd } from '../machine/answer-scanner.ts'
import { capability } from '../packets/capabilities.ts'
import { command } from '../packets/commands.ts'
import { encodeOk } from '../packets/ok.ts'
import { serverStatus } from '../packets/server-status.ts'
import type { SessionChange } from '../packets/session-changes.ts'
import { SessionState } from './session-state.ts'

const capabilities = capability.SESSION_TRACK | capability.PROTOCOL_41
const { AUTOCOMMIT, IN_TRANS, SESSION_STATE_CHANGED } = serverStatus
const stateChange: SessionChange = { kind: 'state-change', value: '1' }

function fresh(): SessionState {
  return new SessionState(capabilities, 'app', AUTOCOMMIT)
}

function end(more: Partial<AnswerEnd> = {}): AnswerEnd {
  const nothing = { affectedRows: false, lastInsertId: false, warnings: 0, statementId: undefined, ok: undefined }
  return { command: command.QUERY, error: false, errorCode: undefined, statusFlags: AUTOCOMMIT, ...nothing, ...more }
}

function run(state: SessionState, sql: string, changes: SessionChange[] = [], flags: number = AUTOCOMMIT): void {
  const text = Buffer.from(`\x03${sql}`)
  state.onCommand(command.QUERY, text, true, true)
  const statusFlags = flags | (changes.length > 0 ? SESSION_STATE_CHANGED : 0)
  const rest = { header: 0, affectedRows: 0n, lastInsertId: 0n, warnings: 0, info: new Uint8Array(0) } as const
  const sessionChanges = changes.length > 0 ? changes : undefined
  const ok = sessionChanges && encodeOk({ ...rest, statusFlags, sessionChanges }, capabilities)
  state.onAnswered(end({ statusFlags, ok }))
}

function variable(name: string, value: string): SessionChange {
  return { kind: 'system-variable', name, value }
}

describe('the state of a session', () => {
  it('is its system variables, as SET takes them, in an order that does not depend on when they were set', () => {
    const [a, b] = [fresh(), fresh()]
    run(a, "SET sql_mode='ANSI'", [variable('sql_mode', 'ANSI'), variable('statement_id', '7'), stateChange])
    run(a, 'SET max_join_size=5', [variable('max_join_size', '5'), stateChange])
    run(b, 'SET max_join_size=5', [variable('max_join_size', '5'), stateChange])
    run(b, "SET sql_mode='ANSI'", [variable('sql_mode', 'ANSI'), stateChange])
    assert.equal(a.variables, "max_join_size=5, sql_mode='ANSI'")
    assert.equal(a.variables, b.variables)
    assert.equal(a.pin, undefined)
  })

  it('has the collation of SET NAMES, and loses it with the next character set', () => {
    const state = fresh()
    const names = [variable('character_set_connection', 'latin1'), stateChange]
    run(state, 'SET NAMES latin1 COLLATE latin1_bin', names)
    assert.equal(state.variables, "character_set_connection='latin1', collation_connection='latin1_bin'")
    run(state, 'SET NAMES latin1', names)
    assert.equal(state.variables, "character_set_connection='latin1'")
  })

  it('follows the default database', () => {
    const state = fresh()
    run(state, 'USE other', [{ kind: 'schema', name: 'other' }, stateChange])
    assert.equal(state.database, 'other')
    run(state, 'DROP DATABASE other', [{ kind: 'schema', name: '' }])
    assert.equal(state.database, undefined)
    assert.equal(state.pin, undefined)
  })

  it('is pinned by a change that the server does not name', () => {
    const state = fresh()
    run(state, 'CREATE TEMPORARY TABLE t (a INT)', [stateChange])
    assert.equal(state.pin, 'temporary table')
    state.reset()
    assert.equal(state.pin, undefined)
    assert.equal(state.wasReset, true)
  })

  it('is pinned by a value that could not be quoted in every mode', () => {
    const state = fresh()
    run(state, "SET init='a\\'b'", [variable('lc_messages', "a'b"), stateChange])
    assert.equal(state.pin, 'variable lc_messages')
    assert.equal(state.variables, '')
  })

  it('is pinned while there is a transaction, a lock, or a wish for the next transaction', () => {
    const state = fresh()
    run(state, 'BEGIN', [{ kind: 'transaction-state', flags: 'T_______' }], AUTOCOMMIT | IN_TRANS)
    assert.equal(state.pin, 'transaction')
    state.onAnswered(end({ error: true, errorCode: 1146, statusFlags: AUTOCOMMIT | IN_TRANS }))
    assert.equal(state.pin, 'transaction')
    run(state, 'COMMIT', [{ kind: 'transaction-state', flags: '________' }])
    assert.equal(state.pin, undefined)
    run(state, 'LOCK TABLES t READ', [{ kind: 'transaction-state', flags: '_______L' }])
    assert.equal(state.pin, 'LOCK TABLES')
    run(state, 'UNLOCK TABLES', [{ kind: 'transaction-state', flags: '________' }])
    run(state, 'SET TRANSACTION READ ONLY', [
      { kind: 'transaction-characteristics', statement: 'SET TRANSACTION READ ONLY;' },
    ])
    assert.equal(state.pin, 'SET TRANSACTION')
    run(state, 'COMMIT', [{ kind: 'transaction-characteristics', statement: '' }])
    run(state, 'SET autocommit=0', [variable('autocommit', 'OFF'), stateChange], 0)
    assert.equal(state.pin, 'autocommit=0')
  })

  it('is pinned while a prepared statement is open', () => {
    const state = fresh()
    state.onCommand(command.STMT_PREPARE, Buffer.from('\x16SELECT 1'), true, true)
    state.onAnswered(end({ command: command.STMT_PREPARE, statementId: 3 }))
    assert.equal(state.pin, 'prepared statement')
    state.onCommand(command.STMT_CLOSE, Uint8Array.of(command.STMT_CLOSE, 2, 0, 0, 0), true, true)
    assert.equal(state.pin, 'prepared statement')
    state.onCommand(command.STMT_CLOSE, Uint8Array.of(command.STMT_CLOSE, 3, 0, 0, 0), true, true)
    assert.equal(state.pin, undefined)
  })

  it('is pinned from the start where the server tells nothing, and where it does no longer', () => {
    assert.equal(new SessionState(capability.PROTOCOL_41, 'app', AUTOCOMMIT).pin, 'no session tracking')
    const state = fresh()
    run(state, 'EXECUTE s', [variable('session_track_schema', 'OFF')])
    assert.notEqual(state.pin, undefined)
  })

  it('does not take a change for that of a command behind which others were sent', () => {
    const state = fresh()
    state.onCommand(command.QUERY, Buffer.from("\x03SET sql_mode=''"), true, false)
    const changes = [variable('sql_mode', ''), stateChange]
    const rest = { header: 0, affectedRows: 0n, lastInsertId: 0n, warnings: 0, info: new Uint8Array(0) } as const
    const statusFlags = AUTOCOMMIT | SESSION_STATE_CHANGED
    state.onAnswered(
      end({ statusFlags, ok: encodeOk({ ...rest, statusFlags, sessionChanges: changes }, capabilities) }),
    )
    assert.equal(state.pin, 'session state')
  })

  it('tells what the last answer left', () => {
    const state = fresh()
    run(state, 'SELECT 1')
    assert.equal(state.leaves, false)
    for (const left of [{ warnings: 1 }, { lastInsertId: true }, { error: true, errorCode: 1 }]) {
      state.onCommand(command.PING, Uint8Array.of(command.PING), true, true)
      assert.equal(state.leaves, false)
      state.onAnswered(end(left))
      assert.equal(state.leaves, true)
    }
  })
})
