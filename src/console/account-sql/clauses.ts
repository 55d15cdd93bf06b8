/**
 * What the grammars of all account statements share: account names, and what is noted while reading.
 *
 * Every decision looks one token ahead, so that a refusal names the token that MySQL would name. A password or a stored
 * credential is noted in `secrets` when it is read; what is well-formed but cannot be done is noted in `refusal`.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/account-names.html
 */
import { EmbeddedActionsParser, type IToken } from 'chevrotain'
import { type MysqlError, serverError } from '../../errors/errors.ts'
import type { NamedAccount } from './statements.ts'
import { At, Comma, Hostname, keyword, LParen, RParen, Text, vocabulary, Word } from './tokens.ts'

export class Clauses extends EmbeddedActionsParser {
  /** Tokens that hold a password or a stored credential. */
  secrets: IToken[] = []
  refusal: MysqlError | undefined
  /** A token that fits the grammar and not its place. */
  misplaced: IToken | undefined

  constructor() {
    super(vocabulary, { maxLookahead: 1 })
  }

  override reset(): void {
    super.reset()
    this.secrets = []
    this.refusal = undefined
    this.misplaced = undefined
  }

  protected readonly account = this.RULE('account', (): NamedAccount => {
    return this.OR<NamedAccount>([
      {
        ALT: () => {
          this.CONSUME(keyword('CURRENT_USER'))
          this.OPTION(() => this.SUBRULE(this.noArguments))
          return 'current-user'
        },
      },
      {
        ALT: () => {
          const user = this.SUBRULE(this.name)
          let host = '%'
          this.OPTION2(() => {
            this.CONSUME(At)
            host = this.OR2([{ ALT: () => text(this.CONSUME(Hostname)) }, { ALT: () => this.SUBRULE2(this.name) }])
          })
          return this.ACTION(() => {
            this.limitLength(user, 32, 'user name')
            this.limitLength(host, 255, 'host name')
            return { user, host: host.toLowerCase() }
          })
        },
      },
    ])
  })

  protected readonly accounts = this.RULE('accounts', (): NamedAccount[] => {
    const accounts: NamedAccount[] = []
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => accounts.push(this.SUBRULE(this.account)) })
    return accounts
  })

  protected readonly name = this.RULE('name', (): string => {
    const name = this.OR([{ ALT: () => this.CONSUME(Word) }, { ALT: () => this.CONSUME(Text) }])
    return this.ACTION(() => {
      if (text(name).includes('\0')) this.misplaced ??= name
      return text(name)
    })
  })

  protected readonly noArguments = this.RULE('noArguments', (): void => {
    this.CONSUME(LParen)
    this.CONSUME(RParen)
  })

  /** Notes why the statement cannot be done; the first reason counts. */
  protected refuse(error: MysqlError): void {
    this.refusal ??= error
  }

  protected secret(token: IToken): string {
    this.secrets.push(token)
    return text(token)
  }

  private limitLength(name: string, characters: number, what: string): void {
    if ([...name].length > characters) {
      const shown = [...name].slice(0, 70).join('')
      this.refuse(serverError('ER_WRONG_STRING_LENGTH', shown, what, characters))
    }
  }
}

export function text(token: IToken): string {
  return token.payload ?? token.image
}
