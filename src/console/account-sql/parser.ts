/**
 * The grammar of the account statements, and the way in: SQL -> statement.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/account-management-statements.html
 */
import type { IToken } from 'chevrotain'
import { privilegeColumns } from '../../accounts/privileges.ts'
import { type MysqlError, serverError } from '../../errors/errors.ts'
import { text } from './clauses.ts'
import { tokens } from './lexer.ts'
import { OptionClauses } from './option-clauses.ts'
import { nearText } from './secret-places.ts'
import type { AccountStatement, NamedAccount, PrivilegeLevel, PrivilegeList } from './statements.ts'
import { Comma, Dot, Equal, keyword, LParen, PrivilegeWord, RParen, Semicolon, Star, Text, Word } from './tokens.ts'

/**
 * Parses one account statement; a final semicolon is allowed.
 *
 * Throws: `ServerError` ER_PARSE_ERROR with MySQL's text, in which no password is left; ER_NOT_SUPPORTED_YET for what
 * MySQL can and Saltgate cannot; ER_WRONG_STRING_LENGTH, ER_WRONG_VALUE and ER_DUP_ARGUMENT as MySQL.
 */
export function parseAccountStatement(sql: string): AccountStatement {
  if (sql.length > MAX_LENGTH) {
    throw serverError('ER_NOT_SUPPORTED_YET', `account statements of more than ${MAX_LENGTH} characters`)
  }
  const all = [...tokens(sql)]
  const parsed = parse(all)
  if (parsed.is === 'statement') return parsed.statement
  if (parsed.is === 'refused') throw parsed.error
  const { startOffset } = parsed.token
  const line = sql.slice(0, Number.isNaN(startOffset) ? undefined : startOffset).split('\n').length
  throw serverError('ER_PARSE_ERROR', SYNTAX_ERROR, nearText(sql, all, parsed.token), line)
}

/** Characters. Cutting and parsing take about a microsecond each, and the event loop waits. */
export const MAX_LENGTH = 262_144

export type Parsed =
  | { readonly is: 'statement'; readonly statement: AccountStatement; readonly secrets: readonly IToken[] }
  /** Understood and not possible; without `secrets` it was not read to its end. */
  | { readonly is: 'refused'; readonly error: MysqlError; readonly secrets: readonly IToken[] | undefined }
  /** `token` is the first that cannot stand in its place; its offset is NaN at the end of the statement. */
  | { readonly is: 'not-a-statement'; readonly token: IToken }

/** Parses tokens; `secrets` are the ones that hold a password or a stored credential. */
export function parse(all: IToken[]): Parsed {
  const unsupported = beyondTheGrammar(all)
  if (unsupported !== undefined) {
    return { is: 'refused', error: serverError('ER_NOT_SUPPORTED_YET', unsupported), secrets: undefined }
  }
  parser ??= new StatementParser()
  parser.input = all
  const statement = parser.statement()
  const { secrets, refusal, misplaced } = parser
  const token = parser.errors[0]?.token ?? misplaced
  // The parser lives on and must not keep the passwords of its last statement.
  parser.input = []
  if (token !== undefined) return { is: 'not-a-statement', token }
  return refusal === undefined ? { is: 'statement', statement, secrets } : { is: 'refused', error: refusal, secrets }
}

/** Made on first use: the analysis of the grammar takes some milliseconds. */
let parser: StatementParser | undefined

/** GRANT and REVOKE of roles and of PROXY are told by a look at the tokens; they share no clause with the others. */
function beyondTheGrammar(all: readonly IToken[]): string | undefined {
  const first = all[0]?.tokenType
  if (first !== keyword('GRANT') && first !== keyword('REVOKE')) return undefined
  if (all[1]?.image.toUpperCase() === 'PROXY') return 'PROXY'
  const has = (type: ReturnType<typeof keyword>) => all.some((token) => token.tokenType === type)
  const toOrFrom = keyword(first === keyword('GRANT') ? 'TO' : 'FROM')
  return has(toOrFrom) && !has(keyword('ON')) && !has(keyword('ALL')) ? 'roles' : undefined
}

class StatementParser extends OptionClauses {
  constructor() {
    super()
    this.performSelfAnalysis()
  }

  readonly statement = this.RULE('statement', (): AccountStatement => {
    const statement = this.OR<AccountStatement>([
      { ALT: () => this.SUBRULE(this.createUser) },
      { ALT: () => this.SUBRULE(this.alterUser) },
      { ALT: () => this.SUBRULE(this.dropUser) },
      { ALT: () => this.SUBRULE(this.renameUser) },
      { ALT: () => this.SUBRULE(this.setPassword) },
      { ALT: () => this.SUBRULE(this.grant) },
      { ALT: () => this.SUBRULE(this.revoke) },
      { ALT: () => this.SUBRULE(this.show) },
    ])
    this.OPTION(() => this.CONSUME(Semicolon))
    return statement
  })

  private readonly createUser = this.RULE('createUser', (): AccountStatement => {
    this.CONSUME(keyword('CREATE'))
    this.CONSUME(keyword('USER'))
    const ifNotExists = this.OPTION(() => {
      this.CONSUME(keyword('IF'))
      this.CONSUME(keyword('NOT'))
      this.CONSUME(keyword('EXISTS'))
      return true
    })
    const users = this.SUBRULE(this.userSpecifications, { ARGS: [false] })
    const options = this.SUBRULE(this.accountOptions)
    return { statement: 'CREATE USER', ifNotExists: ifNotExists === true, users, options }
  })

  private readonly alterUser = this.RULE('alterUser', (): AccountStatement => {
    this.CONSUME(keyword('ALTER'))
    this.CONSUME(keyword('USER'))
    const ifExists = this.SUBRULE(this.ifExists)
    const users = this.SUBRULE(this.userSpecifications, { ARGS: [true] })
    const options = this.SUBRULE(this.accountOptions)
    return { statement: 'ALTER USER', ifExists, users, options }
  })

  private readonly dropUser = this.RULE('dropUser', (): AccountStatement => {
    this.CONSUME(keyword('DROP'))
    this.CONSUME(keyword('USER'))
    const ifExists = this.SUBRULE(this.ifExists)
    return { statement: 'DROP USER', ifExists, users: this.SUBRULE(this.accounts) }
  })

  private readonly renameUser = this.RULE('renameUser', (): AccountStatement => {
    const pairs: { from: NamedAccount; to: NamedAccount }[] = []
    this.CONSUME(keyword('RENAME'))
    this.CONSUME(keyword('USER'))
    this.AT_LEAST_ONE_SEP({
      SEP: Comma,
      DEF: () => {
        const from = this.SUBRULE(this.account)
        this.CONSUME(keyword('TO'))
        pairs.push({ from, to: this.SUBRULE2(this.account) })
      },
    })
    return { statement: 'RENAME USER', pairs }
  })

  private readonly setPassword = this.RULE('setPassword', (): AccountStatement => {
    this.CONSUME(keyword('SET'))
    this.CONSUME(keyword('PASSWORD'))
    const user = this.OPTION(() => this.SUBRULE(this.forAccount))
    const made = this.OR([
      {
        ALT: () => {
          this.CONSUME(Equal)
          return { by: 'password', password: this.secret(this.CONSUME(Text)) } as const
        },
      },
      {
        ALT: () => {
          this.CONSUME(keyword('TO'))
          this.CONSUME(keyword('RANDOM'))
          return { by: 'random-password' } as const
        },
      },
    ])
    const retain = this.SUBRULE(this.replaceAndRetain, { ARGS: [true] })
    return { statement: 'SET PASSWORD', user: user ?? 'current-user', identification: { ...made, retain } }
  })

  private readonly grant = this.RULE('grant', (): AccountStatement => {
    this.CONSUME(keyword('GRANT'))
    const privileges = this.OR([
      { ALT: () => this.SUBRULE(this.allPrivileges) },
      { ALT: () => this.SUBRULE(this.privileges) },
    ])
    this.CONSUME(keyword('ON'))
    const level = this.SUBRULE(this.level)
    this.CONSUME(keyword('TO'))
    const users = this.SUBRULE(this.accounts)
    const withGrantOption = this.OPTION(() => {
      this.CONSUME(keyword('WITH'))
      this.CONSUME2(keyword('GRANT'))
      this.CONSUME(keyword('OPTION'))
      return true
    })
    return { statement: 'GRANT', privileges, level, users, withGrantOption: withGrantOption === true }
  })

  private readonly revoke = this.RULE('revoke', (): AccountStatement => {
    this.CONSUME(keyword('REVOKE'))
    const ifExists = this.SUBRULE(this.ifExists)
    const scope = this.OR<{ privileges: PrivilegeList; level: PrivilegeLevel | 'every' }>([
      {
        ALT: () => {
          const privileges = this.SUBRULE(this.allPrivileges)
          const level = this.OR2<PrivilegeLevel | 'every'>([
            {
              ALT: () => {
                this.CONSUME(Comma)
                this.CONSUME(keyword('GRANT'))
                this.CONSUME(keyword('OPTION'))
                return 'every'
              },
            },
            { ALT: () => this.SUBRULE(this.onLevel) },
          ])
          return { privileges, level }
        },
      },
      { ALT: () => ({ privileges: this.SUBRULE(this.privileges), level: this.SUBRULE2(this.onLevel) }) },
    ])
    this.CONSUME(keyword('FROM'))
    const users = this.SUBRULE(this.accounts)
    const ignore = this.OPTION(() => {
      this.CONSUME(keyword('IGNORE'))
      this.CONSUME(keyword('UNKNOWN'))
      this.CONSUME(keyword('USER'))
      return true
    })
    const { privileges, level } = scope
    const ignoreUnknownUser = ignore === true
    if (level === 'every') return { statement: 'REVOKE ALL', users, ignoreUnknownUser }
    return { statement: 'REVOKE', privileges, level, users, ifExists, ignoreUnknownUser }
  })

  private readonly show = this.RULE('show', (): AccountStatement => {
    this.CONSUME(keyword('SHOW'))
    return this.OR<AccountStatement>([
      {
        ALT: () => {
          this.CONSUME(keyword('CREATE'))
          this.CONSUME(keyword('USER'))
          return { statement: 'SHOW CREATE USER', user: this.SUBRULE(this.account) }
        },
      },
      {
        ALT: () => {
          this.CONSUME(keyword('GRANTS'))
          const user = this.OPTION(() => this.SUBRULE(this.forAccount)) ?? 'current-user'
          this.OPTION2(() => {
            this.CONSUME(keyword('USING'))
            this.SUBRULE(this.accounts)
            this.refuse(serverError('ER_NOT_SUPPORTED_YET', 'roles'))
          })
          return { statement: 'SHOW GRANTS', user }
        },
      },
    ])
  })

  private readonly ifExists = this.RULE('ifExists', (): boolean => {
    const given = this.OPTION(() => {
      this.CONSUME(keyword('IF'))
      this.CONSUME(keyword('EXISTS'))
      return true
    })
    return given === true
  })

  private readonly forAccount = this.RULE('forAccount', (): NamedAccount => {
    this.CONSUME(keyword('FOR'))
    return this.SUBRULE(this.account)
  })

  private readonly allPrivileges = this.RULE('allPrivileges', (): PrivilegeList => {
    this.CONSUME(keyword('ALL'))
    this.OPTION(() => this.CONSUME(keyword('PRIVILEGES')))
    return 'ALL'
  })

  private readonly privileges = this.RULE('privileges', (): PrivilegeList => {
    const names: string[] = []
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => names.push(this.SUBRULE(this.privilege)) })
    return names
  })

  private readonly privilege = this.RULE('privilege', (): string => {
    const words: IToken[] = []
    this.AT_LEAST_ONE(() => words.push(this.CONSUME(PrivilegeWord)))
    this.OPTION(() => {
      this.CONSUME(LParen)
      this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => this.CONSUME(Word) })
      this.CONSUME(RParen)
      this.refuse(serverError('ER_NOT_SUPPORTED_YET', 'column privileges'))
    })
    const name = words.map((word) => word.image.toUpperCase()).join(' ')
    if (words.length > 1 && !(name in privilegeColumns)) this.misplaced ??= words[1]
    return name
  })

  private readonly onLevel = this.RULE('onLevel', (): PrivilegeLevel => {
    this.CONSUME(keyword('ON'))
    return this.SUBRULE(this.level)
  })

  private readonly level = this.RULE('level', (): PrivilegeLevel => {
    return this.OR<PrivilegeLevel>([
      {
        ALT: () => {
          this.CONSUME(Star)
          const global = this.OPTION(() => {
            this.CONSUME(Dot)
            return this.CONSUME2(Star)
          })
          return global === undefined ? { on: 'current-database' } : { on: 'global' }
        },
      },
      {
        ALT: () => {
          const database = text(this.CONSUME(Word))
          const whole = this.OPTION2(() => {
            this.CONSUME2(Dot)
            return this.OR2([
              { ALT: () => this.CONSUME3(Star) !== undefined },
              { ALT: () => this.CONSUME2(Word) === undefined },
            ])
          })
          if (whole !== true) this.refuse(serverError('ER_NOT_SUPPORTED_YET', 'table privileges'))
          return { on: 'database', database }
        },
      },
    ])
  })
}

const SYNTAX_ERROR =
  'You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use'
