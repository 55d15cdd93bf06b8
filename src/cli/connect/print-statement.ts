/** Runs one statement and prints what comes back while it comes. */
import { performance } from 'node:perf_hooks'
import { footer } from './footer.ts'
import { type FormatName, type FormatOptions, formats, type ResultFormat } from './result-format.ts'
import type { Abortable, ResultDone, ResultEvent, Session } from './session.ts'
import { visibleText } from './visible-text.ts'

export interface PrintOptions extends FormatOptions {
  readonly format: FormatName
  /** Whether each result is closed by a line that counts its rows. */
  readonly footers: boolean
}

/** Resolves when more may be written. */
export type Write = (text: string | Uint8Array) => Promise<void>

/**
 * Gives what closed each result. Throws: `MysqlError` of the session; rows of a box that was not complete are not printed.
 */
export async function printStatement(
  session: Session,
  sql: string | Uint8Array,
  options: PrintOptions & Abortable,
  write: Write,
): Promise<readonly ResultDone[]> {
  const results: ResultDone[] = []
  const startedMs = performance.now()
  let open: { readonly printer: ResultFormat; rows: number } | undefined
  for await (const event of session.query(sql, { signal: options.signal })) {
    if (event.is === 'columns') {
      open = { printer: formats[options.format](event.columns, options), rows: 0 }
    } else if (event.is === 'rows') {
      if (open === undefined) continue
      open.rows += event.rows.length
      const text = open.printer.rows(event.rows)
      if (text.length > 0) await write(text)
    } else {
      const elapsedMs = performance.now() - startedMs
      for (const text of open?.printer.rest() ?? []) await write(text)
      if (options.footers) await write(footer(event, open?.rows, elapsedMs))
      results.push(event)
      open = undefined
    }
  }
  return results
}

/** The warnings of the last statement, a line each. */
export async function printWarnings(session: Session, options: Abortable, write: Write): Promise<void> {
  for await (const event of session.query('SHOW WARNINGS', options)) {
    for (const [level, code, message] of rowsOf(event)) {
      await write(`${visibleText(String(level))} (Code ${code}): ${visibleText(String(message))}\n`)
    }
  }
}

export function rowsOf(event: ResultEvent) {
  return event.is === 'rows' ? event.rows : []
}
