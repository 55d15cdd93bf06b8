/** A connection for tests of the shell: answers by a table, and remembers what it was asked. */
import type { ResultDone, ResultEvent, Session, SessionFacts } from '../../src/cli/connect/session.ts'
import type { SqlValue } from '../../src/client/result.ts'
import { serverError } from '../../src/errors/errors.ts'
import { columnFlag, fieldType } from '../../src/packets/column-definition.ts'

/** Rows, what an OK says, or nothing until the signal comes. */
export type ScriptedAnswer =
  | { readonly columns: readonly string[]; readonly rows: readonly (readonly SqlValue[])[]; readonly warnings?: number }
  | Partial<ResultDone>
  | 'hangs'
  | 'hangs for ever'

export class ScriptedSession implements Session {
  readonly asked: string[] = []
  facts: SessionFacts = {
    connected: true,
    connectionId: 15,
    user: 'root',
    database: undefined,
    serverVersion: '9.7.4',
    address: { host: '127.0.0.1', port: 3306 },
    tls: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' },
  }
  readonly #answers: Readonly<Record<string, ScriptedAnswer | readonly ScriptedAnswer[]>>

  constructor(answers: Readonly<Record<string, ScriptedAnswer | readonly ScriptedAnswer[]>> = {}) {
    this.#answers = answers
  }

  /** What has no answer is a syntax error. */
  async *query(sql: string | Uint8Array, { signal }: { readonly signal: AbortSignal }): AsyncGenerator<ResultEvent> {
    const text = typeof sql === 'string' ? sql : `bytes ${Buffer.from(sql).toString('hex')}`
    this.asked.push(text)
    const answers = this.#answers[text]
    if (answers === undefined) throw serverError('ER_PARSE_ERROR', 'You have an error in your SQL syntax', text, 1)
    for (const answer of [answers].flat() as readonly ScriptedAnswer[]) {
      if (answer === 'hangs') {
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      } else if (answer === 'hangs for ever') {
        await new Promise(() => {})
      } else if ('rows' in answer) {
        yield { is: 'columns', columns: answer.columns.map((name) => ({ ...column, name })) }
        for (const row of answer.rows) yield { is: 'rows', rows: [row] }
        yield { ...ok, warnings: answer.warnings ?? 0 }
      } else yield { ...ok, ...answer }
    }
  }

  async useDatabase(database: string): Promise<void> {
    this.asked.push(`use ${database}`)
    if (database === 'nodb') throw serverError('ER_BAD_DB_ERROR', database)
    this.facts = { ...this.facts, database }
  }

  async reset(): Promise<void> {
    this.asked.push('reset')
  }

  async reconnect(to: { readonly database?: string; readonly host?: string }): Promise<void> {
    this.asked.push(`reconnect ${JSON.stringify(to)}`)
    this.facts = { ...this.facts, connected: true, connectionId: this.facts.connectionId + 1 }
  }

  describe(): SessionFacts {
    return this.facts
  }
}

const ok: ResultDone = { is: 'done', affectedRows: 0n, warnings: 0, info: '', statusFlags: 2 }

const column = {
  ...{ schema: '', table: '', orgTable: '', orgName: '', collationId: 63, columnLength: 1, decimals: 0 },
  type: fieldType.LONGLONG,
  flags: columnFlag.NOT_NULL,
}
