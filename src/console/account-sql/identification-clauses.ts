/**
 * The clauses that say how an account proves itself: IDENTIFIED with its plugins and credentials, MySQL's further factors and
 * MariaDB's alternatives.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/create-user.html
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/multifactor-authentication.html
 * Spec: https://mariadb.com/kb/en/create-user/
 */
import { serverError } from '../../errors/errors.ts'
import { Clauses } from './clauses.ts'
import type { FactorChange, Identification, NamedAccount, UserSpecification } from './statements.ts'
import { Comma, HexText, Integer, keyword, LParen, RParen, Text } from './tokens.ts'

export class IdentificationClauses extends Clauses {
  protected readonly userSpecifications = this.RULE('userSpecifications', (altering: boolean): UserSpecification[] => {
    const users: UserSpecification[] = []
    this.AT_LEAST_ONE_SEP({
      SEP: Comma,
      DEF: () => users.push(this.SUBRULE(this.userSpecification, { ARGS: [altering] })),
    })
    return users
  })

  protected readonly userSpecification = this.RULE('userSpecification', (altering: boolean): UserSpecification => {
    let isFunction = false
    const user = this.OR<NamedAccount>([
      {
        // A user may be named `user`; only ALTER USER knows the function.
        GATE: () => altering && this.LA(1).tokenType === keyword('USER') && this.LA(2).tokenType === LParen,
        IGNORE_AMBIGUITIES: true,
        ALT: () => {
          this.CONSUME(keyword('USER'))
          this.SUBRULE(this.noArguments)
          isFunction = true
          return 'current-user'
        },
      },
      { ALT: () => this.SUBRULE(this.account) },
    ])
    const identification = this.OPTION(() =>
      this.OR2<Identification>([
        { ALT: () => this.SUBRULE(this.identification, { ARGS: [altering, true] }) },
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
    const factors = this.OPTION2(() =>
      this.OR3<FactorChange[]>([
        { GATE: () => !altering, ALT: () => this.SUBRULE(this.furtherFactors) },
        {
          GATE: () => altering && !isFunction && identification === undefined,
          ALT: () => this.SUBRULE(this.factorChanges),
        },
        { GATE: () => altering && identification === undefined, ALT: () => this.SUBRULE(this.registration) },
      ]),
    )
    return { user, identification, ...(factors !== undefined && { factors }) }
  })

  /** AND IDENTIFIED ..., once or twice. */
  private readonly furtherFactors = this.RULE('furtherFactors', (): FactorChange[] => {
    const changes: FactorChange[] = []
    const add = (identification: Identification) =>
      changes.push({ change: 'ADD', factor: changes.length + 2, identification })
    this.CONSUME(keyword('AND'))
    add(this.SUBRULE(this.identification, { ARGS: [false, false] }))
    this.OPTION(() => {
      this.CONSUME2(keyword('AND'))
      add(this.SUBRULE2(this.identification, { ARGS: [false, false] }))
    })
    return changes
  })

  /** One or two changes of the same kind. */
  private readonly factorChanges = this.RULE('factorChanges', (): FactorChange[] => {
    const changes: FactorChange[] = []
    this.OR([
      {
        ALT: () => {
          this.CONSUME(keyword('ADD'))
          changes.push(this.SUBRULE(this.newFactor, { ARGS: ['ADD'] }))
          this.OPTION(() => {
            this.CONSUME2(keyword('ADD'))
            changes.push(this.SUBRULE2(this.newFactor, { ARGS: ['ADD'] }))
          })
        },
      },
      {
        ALT: () => {
          this.CONSUME(keyword('MODIFY'))
          changes.push(this.SUBRULE3(this.newFactor, { ARGS: ['MODIFY'] }))
          this.OPTION2(() => {
            this.CONSUME2(keyword('MODIFY'))
            changes.push(this.SUBRULE4(this.newFactor, { ARGS: ['MODIFY'] }))
          })
        },
      },
      {
        ALT: () => {
          this.CONSUME(keyword('DROP'))
          changes.push({ change: 'DROP', factor: this.SUBRULE(this.factor) })
          this.OPTION3(() => {
            this.CONSUME2(keyword('DROP'))
            changes.push({ change: 'DROP', factor: this.SUBRULE2(this.factor) })
          })
        },
      },
    ])
    const [first, second] = changes
    if (first !== undefined && first.factor === second?.factor) this.refuse(serverError('ER_MFA_METHODS_IDENTICAL'))
    if (first?.change === 'ADD' && second !== undefined && first.factor > second.factor) {
      this.refuse(serverError('ER_MFA_METHODS_INVALID_ORDER', second.factor, first.factor))
    }
    return changes
  })

  private readonly newFactor = this.RULE('newFactor', (change: 'ADD' | 'MODIFY'): FactorChange => {
    const factor = this.SUBRULE(this.factor)
    return { change, factor, identification: this.SUBRULE(this.identification, { ARGS: [false, false] }) }
  })

  private readonly factor = this.RULE('factor', (): number => {
    const number = this.CONSUME(Integer).image
    this.CONSUME(keyword('FACTOR'))
    if (!/^[23]$/.test(number)) this.refuse(serverError('ER_WRONG_VALUE', 'nth factor', number))
    return Number(number)
  })

  /** WebAuthn: the device of a factor makes itself known. No plugin here needs it. */
  private readonly registration = this.RULE('registration', (): FactorChange[] => {
    this.SUBRULE(this.factor)
    this.OR([
      { ALT: () => this.CONSUME(keyword('UNREGISTER')) },
      {
        ALT: () => {
          this.CONSUME(keyword('INITIATE'))
          this.CONSUME(keyword('REGISTRATION'))
        },
      },
      {
        ALT: () => {
          this.CONSUME(keyword('FINISH'))
          this.CONSUME2(keyword('REGISTRATION'))
          this.CONSUME(keyword('SET'))
          this.CONSUME(keyword('CHALLENGE_RESPONSE'))
          this.CONSUME(keyword('AS'))
          this.secret(this.CONSUME(Text))
        },
      },
    ])
    this.refuse(serverError('ER_NOT_SUPPORTED_YET', 'registration of an authentication factor'))
    return []
  })

  private readonly identification = this.RULE('identification', (altering: boolean, first: boolean): Identification => {
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
          const alternatives: Identification[] = []
          this.MANY({ GATE: () => first, DEF: () => alternatives.push(this.SUBRULE(this.alternative)) })
          this.OPTION2({ GATE: () => first && !altering, DEF: () => this.SUBRULE(this.initialAuthentication) })
          return { ...credential, plugin, ...(alternatives.length > 0 && { alternatives }) }
        },
      },
    ])
    const retain = this.SUBRULE(this.replaceAndRetain, { ARGS: [altering] })
    return 'retain' in made ? { ...made, retain } : made
  })

  /** MariaDB's OR plugin [USING ...]. */
  private readonly alternative = this.RULE('alternative', (): Identification => {
    this.CONSUME(keyword('OR'))
    const plugin = this.SUBRULE(this.name)
    const credential = this.OPTION(() => this.SUBRULE(this.givenCredential)) ?? ({ by: 'plugin' } as const)
    return { ...credential, plugin }
  })

  private readonly initialAuthentication = this.RULE('initialAuthentication', (): void => {
    this.CONSUME(keyword('INITIAL'))
    this.CONSUME(keyword('AUTHENTICATION'))
    this.SUBRULE(this.identification, { ARGS: [false, false] })
    this.refuse(serverError('ER_NOT_SUPPORTED_YET', 'INITIAL AUTHENTICATION'))
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
      { ALT: () => this.SUBRULE(this.givenCredential) },
    ])
  })

  private readonly givenCredential = this.RULE('givenCredential', (): NewPassword | StoredCredential => {
    this.OR([{ ALT: () => this.CONSUME(keyword('AS')) }, { ALT: () => this.CONSUME(keyword('USING')) }])
    return this.OR2<NewPassword | StoredCredential>([
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
}

type NewPassword = Without<'alternatives', Extract<Identification, { by: 'password' | 'random-password' }>>

type StoredCredential = Without<'alternatives' | 'plugin', Extract<Identification, { by: 'stored' }>>

type Without<K extends string, T> = T extends unknown ? Omit<T, K> : never
