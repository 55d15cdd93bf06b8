/**
 * A query handler that gives everything a handler can give: one word of "SQL" each.
 */
import { serverError } from '../../src/errors/errors.ts'
import type { OnQuery, QueryResult, Row, RowsResult, Value } from '../../src/server/query.ts'

/** What no client may ever see: the text of an error that is not meant for it. */
export const innerText = 'the database of the embedder is at 10.0.0.1'

export const answers: OnQuery = (sql, session, parameters): QueryResult | Promise<QueryResult> => {
  const [word = '', argument = ''] = sql.trim().split(/[\s;?]+/)
  const count = Number(argument)
  switch (word) {
    case 'SELECT':
    case 'who':
      return [{ who: `${session.account.user}@${session.account.host}`, user: session.user, host: session.host }]
    case 'types':
      return types
    case 'insert':
      return { affectedRows: 3, lastInsertId: 12, warnings: 2, info: 'Records: 3' }
    case 'echo':
      return [{ values: JSON.stringify(parameters.map(described)) }]
    case 'rows':
      return numbered(count)
    case 'slowly':
      return { columns: [{ name: 'n', type: 'LONGLONG' }, { name: 'text' }], rows: slowly(count) }
    case 'long':
      return [{ text: 'x'.repeat(count) }]
    case 'two':
      return { results: [[{ first: 1 }], { affectedRows: 1 }, [{ second: 'b' }]] }
    case 'none':
      return []
    case 'no-rows':
      return { columns: [{ name: 'n', type: 'LONGLONG' }], rows: [] }
    case 'denied':
      throw serverError('ER_SPECIFIC_ACCESS_DENIED_ERROR', 'PROCESS')
    case 'breaks':
      return { columns: [{ name: 'n', type: 'LONGLONG' }], rows: breaksAfter(count) }
    case 'crashes':
      throw new Error(innerText)
    case 'wait':
      return new Promise((_, reject) => {
        session.signal.addEventListener('abort', () => reject(session.signal.reason))
      })
    case 'set':
      session.userVariables ??= new Map()
      session.userVariables.set('x', argument)
      return {}
    case 'state':
      return [
        {
          variable: session.userVariables?.get('x') ?? null,
          database: session.database ?? null,
          charset: session.settings.get('character_set_client'),
          wait_timeout: session.settings.get('wait_timeout'),
        },
      ]
    case 'timeout':
      session.settings.set('wait_timeout', count)
      return {}
    case 'hex':
      return [{ bytes: Buffer.from(sql.slice(4)).toString('hex') }]
    default:
      // What drivers send by themselves: SET NAMES and its kin.
      return {}
  }
}

export const longText = 'ß'.repeat(70_000)

const types: RowsResult = {
  columns: [
    { name: 'big', type: 'LONGLONG' },
    { name: 'unsigned', type: 'LONGLONG', unsigned: true },
    { name: 'int', type: 'LONG' },
    { name: 'double', type: 'DOUBLE' },
    { name: 'decimal', type: 'NEWDECIMAL' },
    { name: 'text', type: 'VAR_STRING' },
    { name: 'empty', type: 'VAR_STRING' },
    { name: 'long', type: 'VAR_STRING' },
    { name: 'bytes', type: 'BLOB' },
    { name: 'datetime', type: 'DATETIME' },
    { name: 'timestamp', type: 'TIMESTAMP' },
    { name: 'date', type: 'DATE' },
    { name: 'json', type: 'JSON' },
    { name: 'truth', type: 'LONGLONG' },
    { name: 'null', type: 'VAR_STRING' },
  ],
  rows: [
    [
      -9_007_199_254_740_993n,
      18_446_744_073_709_551_615n,
      -2_147_483_648,
      0.1,
      '12345678901234567890.12',
      'Grüße 🎉',
      '',
      longText,
      Uint8Array.of(0, 0xff, 0x27, 0x5c),
      new Date('2026-03-04T05:06:07.008Z'),
      new Date('2026-03-04T05:06:07Z'),
      '2026-03-04',
      '{"a":[1,null]}',
      true,
      null,
    ],
    Array<null>(15).fill(null),
  ],
}

function numbered(count: number): RowsResult {
  function* rows(): Generator<Row> {
    for (let n = 1; n <= count; n++) yield [n, `row ${n}`]
  }
  return {
    columns: [{ name: 'n', type: 'LONGLONG' }, { name: 'text' }],
    rows: rows(),
  }
}

/** How far the slowest reader has let `slowly` come. */
export const progress = { rows: 0, ended: false }

const kilobyte = 'x'.repeat(1024)

async function* slowly(count: number): AsyncGenerator<Row> {
  progress.rows = 0
  progress.ended = false
  try {
    for (let n = 1; n <= count; n++) {
      progress.rows = n
      yield [n, kilobyte]
    }
  } finally {
    progress.ended = true
  }
}

function* breaksAfter(count: number): Generator<Row> {
  for (let n = 1; n <= count; n++) yield [n]
  throw serverError('ER_QUERY_TIMEOUT')
}

function described(value: Value): string {
  if (value === null) return 'null'
  if (value instanceof Date) return `date ${value.toISOString()}`
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`
  return `${typeof value} ${value}`
}
