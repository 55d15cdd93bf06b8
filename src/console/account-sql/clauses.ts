/**
 * The clauses that several account statements share: account names, passwords and credentials.
 *
 * Every decision looks one token ahead, so that a refusal names the token that MySQL would name. A password or a stored
 * credential is noted in `secrets` when it is read; what is well-formed but cannot be done is noted in `refusal`.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/create-user.html
 * Spec: https://mariadb.com/kb/en/create-user/
 */
import { EmbeddedActionsParser, type IToken } from 'chevrotain'
import { type MysqlError, serverError } from '../../errors/errors.ts'
import type { Identification, NamedAccount, UserSpecification } from './statements.ts'
import { At, Comma, HexText, Hostname, keyword, LParen, RParen, Text, vocabulary, Word } from './tokens.ts'

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

  protected readonly userSpecifications = this.RULE('userSpecifications', (altering: boolean): UserSpecification[] => {
    const users: UserSpecification[] = []
    this.AT_LEAST_ONE_SEP({
      SEP: Comma,
      DEF: () => users.push(this.SUBRULE(this.userSpecification, { ARGS: [altering] })),
    })
    return users
  })

  protected readonly userSpecification = this.RULE('userSpecification', (altering: boolean): UserSpecification => {
    const user = this.OR<NamedAccount>([
      {
        // A user may be named `user`; only ALTER USER knows the function.
        GATE: () => altering && this.LA(1).tokenType === keyword('USER') && this.LA(2).tokenType === LParen,
        IGNORE_AMBIGUITIES: true,
        ALT: () => {
          this.CONSUME(keyword('USER'))
          this.SUBRULE(this.noArguments)
          return 'current-user'
        },
      },
      { ALT: () => this.SUBRULE(this.account) },
    ])
    const identification = this.OPTION(() =>
      this.OR2<Identification>([
        { ALT: () => this.SUBRULE(this.factors, { ARGS: [altering] }) },
        {
          GATE: () => altering,
          ALT: () => {
            this.CONSUME(keyword('DISCARD'))
            this.CONSUME(keyword('OLD'))
            this.CONSUME(keyword('PASSWORD'))
            return { by: 'discard-old' }
          },
        },
      ]),
    )
    return { user, identification }
  })

  /** One IDENTIFIED clause, or several joined by AND. */
  private readonly factors = this.RULE('factors', (altering: boolean): Identification => {
    const first = this.SUBRULE(this.identification, { ARGS: [altering] })
    this.MANY(() => {
      this.CONSUME(keyword('AND'))
      this.SUBRULE2(this.identification, { ARGS: [altering] })
      this.refuse(serverError('ER_NOT_SUPPORTED_YET', 'multi-factor authentication'))
    })
    return first
  })

  private readonly identification = this.RULE('identification', (altering: boolean): Identification => {
    this.CONSUME(keyword('IDENTIFIED'))
    const made = this.OR<Identification>([
      {
        ALT: () => {
          this.CONSUME(keyword('BY'))
          return this.SUBRULE(this.newPassword)
        },
      },
      {
        ALT: () => {
          this.OR2([{ ALT: () => this.CONSUME(keyword('WITH')) }, { ALT: () => this.CONSUME(keyword('VIA')) }])
          const plugin = this.SUBRULE(this.name)
          const credential = this.OPTION(() => this.SUBRULE(this.credential)) ?? ({ by: 'plugin' } as const)
          return { ...credential, plugin }
        },
      },
    ])
    const retain = this.SUBRULE(this.replaceAndRetain, { ARGS: [altering] })
    return 'retain' in made ? { ...made, retain } : made
  })

  /** What follows IDENTIFIED WITH plugin. */
  private readonly credential = this.RULE('credential', (): NewPassword | StoredCredential => {
    return this.OR<NewPassword | StoredCredential>([
      {
        ALT: () => {
          this.CONSUME(keyword('BY'))
          return this.SUBRULE(this.newPassword)
        },
      },
      {
        ALT: () => {
          this.OR2([{ ALT: () => this.CONSUME(keyword('AS')) }, { ALT: () => this.CONSUME(keyword('USING')) }])
          return this.OR3<NewPassword | StoredCredential>([
            { ALT: () => ({ by: 'stored', authString: this.secret(this.CONSUME(Text)), retain: false }) },
            { ALT: () => ({ by: 'stored', authString: this.secret(this.CONSUME(HexText)), retain: false }) },
            {
              // MariaDB: USING PASSWORD('...') hashes a password.
              ALT: () => {
                this.CONSUME(keyword('PASSWORD'))
                this.CONSUME(LParen)
                const password = this.secret(this.CONSUME2(Text))
                this.CONSUME(RParen)
                return { by: 'password', password, retain: false }
              },
            },
          ])
        },
      },
    ])
  })

  private readonly newPassword = this.RULE('newPassword', (): NewPassword => {
    return this.OR<NewPassword>([
      { ALT: () => ({ by: 'password', password: this.secret(this.CONSUME(Text)), retain: false }) },
      {
        ALT: () => {
          this.CONSUME(keyword('RANDOM'))
          this.CONSUME(keyword('PASSWORD'))
          return { by: 'random-password', retain: false }
        },
      },
    ])
  })

  /** [REPLACE 'current password'] [RETAIN CURRENT PASSWORD]; returns whether to retain. */
  protected readonly replaceAndRetain = this.RULE('replaceAndRetain', (altering: boolean): boolean => {
    this.OPTION({
      GATE: () => altering,
      DEF: () => {
        this.CONSUME(keyword('REPLACE'))
        this.secret(this.CONSUME(Text))
        this.refuse(serverError('ER_NOT_SUPPORTED_YET', 'REPLACE'))
      },
    })
    const retain = this.OPTION2({
      GATE: () => altering,
      DEF: () => {
        this.CONSUME(keyword('RETAIN'))
        this.CONSUME(keyword('CURRENT'))
        this.CONSUME(keyword('PASSWORD'))
        return true
      },
    })
    return retain === true
  })

  protected readonly name = this.RULE('name', (): string => {
    const name = this.OR([{ ALT: () => this.CONSUME(Word) }, { ALT: () => this.CONSUME(Text) }])
    return this.ACTION(() => {
      if (text(name).includes('\0')) this.misplaced ??= name
      return text(name)
    })
  })

  private readonly noArguments = this.RULE('noArguments', (): void => {
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

type NewPassword = Extract<Identification, { by: 'password' | 'random-password' }>

type StoredCredential = Omit<Extract<Identification, { by: 'stored' }>, 'plugin'>
