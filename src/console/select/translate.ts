/**
 * MySQL's SELECT -> SQLite's: token by token, with no tree in between. Whatever is spelled alike in both goes through as it
 * is, so SQLite's own parser judges the grammar; variables, parameters and facts about the session become values.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/select.html
 * Spec: https://sqlite.org/lang_select.html
 */
import { serverError } from '../../errors/errors.ts'
import type { Value } from '../../server/query.ts'
import { syntaxError, type Token } from '../sql/lexer.ts'
import type { VirtualTable } from '../tables/table.ts'
import { miscounted } from './errors.ts'
import { type Frame, newFrame } from './frame.ts'
import { isFunction, needsArguments } from './functions.ts'
import { commonTables, endsOperand, isIntroducer, withoutParentheses } from './outline.ts'
import { Output, quoted } from './output.ts'
import type { Surroundings, Translation } from './translation.ts'
import { largestInteger } from './values.ts'
import {
  aggregates,
  castTypes,
  clauseNames,
  functionAliases,
  keywords,
  modifiers,
  niladic,
  notFunctions,
  spelledOtherwise,
  takesDigits,
  units,
} from './words.ts'

export function translate(sql: string, tokens: readonly Token[], around: Surroundings): Translation {
  return new Translator(sql, tokens, around).run()
}

class Translator {
  readonly #sql: string
  readonly #tokens: readonly Token[]
  readonly #around: Surroundings
  readonly #output: Output
  readonly #tables = new Set<VirtualTable>()
  readonly #sleeps: number[] = []
  readonly #clauses = new Map<string, string>()
  readonly #commonTables: ReadonlySet<string>
  readonly #frames: Frame[] = [newFrame('', 'field list')]
  #at = 0
  #placeholders = 0

  constructor(sql: string, tokens: readonly Token[], around: Surroundings) {
    this.#sql = sql
    this.#tokens = withoutParentheses(tokens)
    this.#around = around
    this.#output = new Output(sql)
    this.#commonTables = commonTables(this.#tokens)
  }

  run(): Translation {
    for (let before = -1; this.#at < this.#tokens.length; ) {
      // Without this a mistake in here would stop the server, not the statement.
      if (this.#at === before) throw syntaxError(this.#sql, this.#peek())
      before = this.#at
      this.#translateOne()
    }
    this.#output.endColumn(this.#tokens, this.#at)
    const { pieces, parameters, columns } = this.#output
    return { pieces, parameters, columns, tables: [...this.#tables], sleeps: this.#sleeps, clauses: this.#clauses }
  }

  get #frame(): Frame {
    return this.#frames.at(-1) as Frame
  }

  #peek(offset = 0): Token | undefined {
    return this.#tokens[this.#at + offset]
  }

  #emit(text: string, token = this.#peek()): void {
    this.#output.emit(text, token)
  }

  #value(value: Value, token = this.#peek()): void {
    this.#output.value(value, token)
  }

  #translateOne(): void {
    const token = this.#peek() as Token
    switch (token.kind) {
      case 'word':
        return this.#word(token)
      case 'name':
        return this.#name(token)
      case 'text':
        return this.#text(token)
      case 'hex':
        this.#value(Buffer.from(token.text, 'latin1'))
        break
      case 'number':
        if (/^\d{19,}$/.test(token.text) && BigInt(token.text) > largestInteger) this.#value(token.text)
        else this.#emit(token.text)
        break
      case 'system-variable':
        this.#value(this.#around.systemVariable(token))
        break
      case 'user-variable':
        if (this.#peek(1)?.word === ':=') throw serverError('ER_NOT_SUPPORTED_YET', 'assignment in an expression')
        this.#value(this.#around.userVariable(token.text))
        break
      case 'placeholder':
        this.#value(this.#around.parameters[this.#placeholders++] ?? null)
        break
      case 'sign':
        return this.#sign(token)
      case 'invalid':
        throw syntaxError(this.#sql, token)
    }
    this.#at++
  }

  #word(token: Token): void {
    const { word } = token
    const next = this.#peek(1)
    const isCall = next?.word === '(' && this.#peek(-1)?.word !== '.'
    if (this.#frame.expectsTable && !keywords.has(word)) return this.#table()
    if (isCall && !notFunctions.has(word)) return this.#call(token)
    if (!keywords.has(word) || this.#peek(-1)?.word === '.') {
      if (niladic.has(word) && next?.word !== '.') {
        this.#value(this.#around.sessionFunction(word.toLowerCase()) ?? null)
        this.#at++
        return
      }
      if (isIntroducer(token, next)) {
        this.#at++
        return
      }
      return this.#name(token)
    }
    this.#keyword(token)
  }

  #keyword(token: Token): void {
    const frame = this.#frame
    const isOutermost = this.#frames.length === 1
    switch (token.word) {
      case 'SELECT':
        Object.assign(frame, newFrame('SELECT', 'field list'))
        this.#emit('SELECT')
        this.#at++
        while (modifiers.has(this.#peek()?.word ?? '')) this.#at++
        if (/^(?:DISTINCT|DISTINCTROW|ALL)$/.test(this.#peek()?.word ?? '')) {
          this.#emit(this.#peek()?.word === 'ALL' ? 'ALL' : 'DISTINCT')
          this.#at++
        }
        if (isOutermost) this.#output.beginList(this.#at)
        return
      case 'FROM':
        if (frame.kind !== 'SELECT') return this.#argumentKeyword(token)
        this.#endList(isOutermost)
        if (this.#peek(1)?.word === 'DUAL') {
          this.#at += 2
          return
        }
        frame.clause = 'from clause'
        frame.expectsTable = true
        break
      case 'STRAIGHT_JOIN':
        this.#emit('JOIN')
        this.#at++
        frame.expectsTable = true
        return
      case 'JOIN':
        frame.expectsTable = true
        break
      case 'ON':
      case 'WHERE':
      case 'HAVING':
      case 'GROUP':
      case 'ORDER':
      case 'LIMIT':
        if (frame.kind === 'group_concat') frame.orderBy = this.#output.pieces.length
        else if (frame.kind === 'SELECT') {
          this.#endList(isOutermost)
          frame.clause = clauseNames[token.word] as string
          if (token.word === 'GROUP') frame.grouped = true
          if (token.word === 'WHERE') frame.condition = this.#output.pieces.length + 1
          if (token.word === 'HAVING' && !frame.grouped) {
            this.#output.anotherCondition(frame.condition, token)
            this.#at++
            return
          }
        }
        break
      case 'UNION':
      case 'EXCEPT':
      case 'INTERSECT':
        this.#endList(isOutermost)
        this.#emit(token.word)
        this.#at++
        if (this.#peek()?.word === 'DISTINCT') this.#at++
        return
      case 'FOR':
      case 'LOCK':
        if (frame.kind !== 'SELECT') return this.#argumentKeyword(token)
        // FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE: nothing here can be locked.
        this.#endList(isOutermost)
        while (this.#at < this.#tokens.length && !/^(?:\)|INTO|UNION)$/.test(this.#peek()?.word ?? '')) this.#at++
        return
      case 'AS':
        if (frame.kind === 'cast') {
          this.#emit('AS')
          this.#at++
          this.#emit(castTypes[this.#peek()?.word ?? ''] ?? 'NUMERIC')
          return this.#skipToClose()
        }
        if (/^(?:text|word|name)$/.test(this.#peek(1)?.kind ?? '')) return this.#alias(this.#peek(1) as Token, 2)
        break
      case 'COLLATE': {
        const collation = this.#peek(1)
        this.#emit('COLLATE')
        this.#emit(/_bin$|^binary$/i.test(collation?.text ?? '') ? 'BINARY' : 'NOCASE')
        this.#at += 2
        return
      }
      case 'SEPARATOR':
        return this.#separator()
      case 'USING':
        if (frame.kind === 'convert') return this.#skipToClose()
        break
      case 'BINARY':
        this.#at++
        return
      case 'INTERVAL':
        if (!/^date_(?:add|sub)$/.test(frame.kind)) throw serverError('ER_NOT_SUPPORTED_YET', 'INTERVAL')
        this.#at++
        return
      case 'INTO':
      case 'XOR':
        throw serverError('ER_NOT_SUPPORTED_YET', `${token.word} in a SELECT`)
      default:
    }
    const replaced = spelledOtherwise[token.word]
    if (replaced === undefined && isOutermost && /^(?:WINDOW|ROLLUP)$/.test(token.word)) this.#endList(true)
    this.#emit(replaced ?? token.word)
    this.#at++
  }

  /** FROM and FOR between the arguments of SUBSTRING(text FROM 1 FOR 2). */
  #argumentKeyword(token: Token): void {
    if (!/^(?:substring|substr|mid)$/.test(this.#frame.kind)) {
      throw serverError('ER_NOT_SUPPORTED_YET', `${this.#frame.kind.toUpperCase()}(... ${token.word} ...)`)
    }
    this.#emit(',')
    this.#at++
  }

  #sign(token: Token): void {
    const isOutermost = this.#frames.length === 1
    const { word } = token
    if (word === '(') {
      const { kind, clause, expectsTable } = this.#frame
      const inner = expectsTable ? kind : this.#peek(-1)?.word === 'CAST' ? 'cast' : ''
      this.#frames.push({ ...newFrame(inner, clause), expectsTable })
    } else if (word === ')') {
      if (isOutermost) throw syntaxError(this.#sql, token)
      this.#frames.pop()
      this.#frame.expectsTable = false
    } else if (word === ',') {
      const { kind, clause } = this.#frame
      if (kind === 'SELECT' && (clause === 'from clause' || clause === 'on clause')) this.#frame.expectsTable = true
      if (this.#frame.kind === 'convert') return this.#skipToClose()
      if (isOutermost && this.#output.isInList) {
        this.#output.endColumn(this.#tokens, this.#at)
        this.#emit(',')
        this.#at++
        this.#output.beginColumn(this.#at)
        return
      }
    }
    this.#emit(word === '||' && this.#around.pipesAsConcat ? '||' : (spelledOtherwise[word] ?? word))
    this.#at++
  }

  /** A column, an alias, or a part of either. */
  #name(token: Token): void {
    if (this.#frame.expectsTable) return this.#table()
    const isInterval = /^date_(?:add|sub)$/.test(this.#frame.kind) && units.test(token.word)
    if (isInterval || (this.#frame.kind === 'timestampdiff' && this.#peek(-1)?.word === '(')) {
      if (isInterval) this.#emit(',')
      this.#value(token.text)
      this.#at++
      return
    }
    if (endsOperand(this.#peek(-1), token)) return this.#alias(token, 1)
    const name = token.text.toLowerCase()
    const isWhole = this.#peek(1)?.word !== '.' && this.#peek(-1)?.word !== '.'
    if (!this.#clauses.has(name)) this.#clauses.set(name, this.#frame.clause)
    const aliased = isWhole && this.#frame.clause === 'having clause' && !this.#frame.grouped
    if (!aliased || !this.#output.repeatColumn(name)) this.#emit(quoted(token.text))
    this.#at++
  }

  #text(token: Token): void {
    const before = this.#peek(-1)
    if (before?.kind === 'text' && this.#output.extendText(token.text)) {
      this.#at++
      return
    }
    if (this.#output.isInList && this.#frames.length === 1 && endsOperand(before, token)) return this.#alias(token, 1)
    this.#value(token.text)
    this.#at++
  }

  #alias(token: Token, length: 1 | 2): void {
    if (this.#frames.length === 1) this.#output.columnIsNamed(token.text)
    this.#emit('AS', token)
    this.#emit(quoted(token.text), token)
    this.#at += length
  }

  #call(token: Token): void {
    const name = token.text.toLowerCase()
    const mayDefine = /^(?:WITH|RECURSIVE|,)$/.test(this.#peek(-1)?.word ?? '')
    if (mayDefine && this.#commonTables.has(name)) return this.#name(token)
    const known = functionAliases[name] ?? name
    const sessionValue = this.#around.sessionFunction(name)
    if (sessionValue !== undefined && (name !== 'unix_timestamp' || this.#peek(2)?.word === ')')) {
      const close = this.#peek(2)?.kind === 'number' && takesDigits.test(name) ? 3 : 2
      if (this.#peek(close)?.word !== ')') throw miscounted(this.#sql, token, this.#peek(close))
      this.#value(sessionValue)
      this.#at += close + 1
      return
    }
    if (name === 'sleep') {
      const seconds = this.#peek(2)
      const value = seconds?.kind === 'placeholder' ? this.#around.parameters[this.#placeholders++] : seconds?.text
      const isLiteral = seconds !== undefined && ['number', 'text', 'placeholder'].includes(seconds.kind)
      if (!isLiteral || this.#peek(3)?.word !== ')') throw serverError('ER_WRONG_ARGUMENTS', 'sleep')
      this.#sleeps.push(Math.max(0, Number(value) || 0))
      this.#value(0n)
      this.#at += 4
      return
    }
    if (!isFunction(known)) throw this.#around.unknownFunction(token.text)
    if (this.#peek(2)?.word === ')' && needsArguments(known)) throw miscounted(this.#sql, token, this.#peek(2))
    this.#emit(known === 'count' ? 'count' : quoted(known))
    this.#emit('(', this.#peek(1))
    const query = this.#frames.findLast(({ kind }) => kind === 'SELECT')
    if (query !== undefined && aggregates.has(known)) query.grouped = true
    this.#frames.push(newFrame(known, this.#frame.clause))
    this.#at += 2
  }

  /** GROUP_CONCAT(x ORDER BY y SEPARATOR z) -> group_concat(x, z ORDER BY y). */
  #separator(): void {
    const separator = this.#peek(1)
    if (this.#frame.kind !== 'group_concat' || separator?.kind !== 'text') throw syntaxError(this.#sql, separator)
    const order = this.#output.pieces.splice(this.#frame.orderBy ?? this.#output.pieces.length)
    this.#emit(',')
    this.#value(separator.text, separator)
    this.#output.pieces.push(...order)
    this.#at += 2
  }

  /** CONVERT(x USING utf8mb4), CONVERT(x, CHAR): the value stays what it is. */
  #skipToClose(): void {
    for (let depth = 0; this.#at < this.#tokens.length; this.#at++) {
      const word = this.#peek()?.word
      if (word === '(') depth++
      if (word === ')' && depth-- === 0) return
    }
  }

  #table(): void {
    const first = this.#peek() as Token
    this.#frame.expectsTable = false
    let schema: Token | undefined
    let name = first
    if (this.#peek(1)?.word === '.') {
      schema = first
      name = this.#peek(2) as Token
      if (name?.kind !== 'word' && name?.kind !== 'name') throw syntaxError(this.#sql, name)
      this.#at += 2
    }
    if (schema === undefined && this.#commonTables.has(first.text.toLowerCase())) {
      this.#emit(quoted(first.text))
      this.#at++
      return
    }
    const table = this.#around.table(schema?.text, name.text)
    this.#tables.add(table)
    this.#emit(`${quoted(table.schema)}.${quoted(table.name)}`)
    this.#at++
  }

  #endList(isOutermost: boolean): void {
    if (isOutermost) this.#output.endList(this.#tokens, this.#at)
  }
}
