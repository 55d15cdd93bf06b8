/**
 * The options of CREATE USER and ALTER USER: REQUIRE, WITH, PASSWORD, ACCOUNT, COMMENT.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/create-user.html
 */
import type { IToken } from 'chevrotain'
import type { AccountLimits, TlsRequirement } from '../../accounts/account.ts'
import { serverError } from '../../errors/errors.ts'
import { text } from './clauses.ts'
import { IdentificationClauses } from './identification-clauses.ts'
import type { AccountOptions } from './statements.ts'
import { Integer, keyword, Text } from './tokens.ts'

export class OptionClauses extends IdentificationClauses {
  protected readonly accountOptions = this.RULE('accountOptions', (): AccountOptions => {
    const options: Writable<AccountOptions> = {}
    this.OPTION(() => {
      this.CONSUME(keyword('DEFAULT'))
      this.CONSUME(keyword('ROLE'))
      this.SUBRULE(this.accounts)
      this.refuse(serverError('ER_NOT_SUPPORTED_YET', 'DEFAULT ROLE'))
    })
    this.OPTION2(() => {
      this.CONSUME(keyword('REQUIRE'))
      options.require = this.SUBRULE(this.tlsRequirement)
    })
    this.OPTION3(() => {
      this.CONSUME(keyword('WITH'))
      options.limits = this.SUBRULE(this.limits)
    })
    this.MANY(() => Object.assign(options, this.SUBRULE(this.passwordOrLockOption)))
    this.OPTION4(() =>
      this.OR([
        {
          ALT: () => {
            this.CONSUME(keyword('COMMENT'))
            options.comment = text(this.CONSUME(Text))
          },
        },
        {
          ALT: () => {
            this.CONSUME(keyword('ATTRIBUTE'))
            options.attribute = text(this.CONSUME2(Text))
          },
        },
      ]),
    )
    return options
  })

  private readonly tlsRequirement = this.RULE('tlsRequirement', (): TlsRequirement => {
    return this.OR<TlsRequirement>([
      { ALT: () => means(this.CONSUME(keyword('NONE')), { kind: 'none' }) },
      { ALT: () => means(this.CONSUME(keyword('SSL')), { kind: 'any' }) },
      { ALT: () => means(this.CONSUME(keyword('X509')), { kind: 'x509' }) },
      {
        ALT: () => {
          const demands: { cipher?: string; issuer?: string; subject?: string } = {}
          this.AT_LEAST_ONE(() => {
            const field = this.OR2<'cipher' | 'issuer' | 'subject'>([
              { ALT: () => means(this.CONSUME(keyword('CIPHER')), 'cipher') },
              { ALT: () => means(this.CONSUME(keyword('ISSUER')), 'issuer') },
              { ALT: () => means(this.CONSUME(keyword('SUBJECT')), 'subject') },
            ])
            if (field in demands) this.refuse(serverError('ER_DUP_ARGUMENT', field.toUpperCase()))
            demands[field] = text(this.CONSUME(Text))
            this.OPTION(() => this.CONSUME(keyword('AND')))
          })
          return { kind: 'specified', ...demands }
        },
      },
    ])
  })

  private readonly limits = this.RULE('limits', (): Partial<AccountLimits> => {
    const limits: Writable<Partial<AccountLimits>> = {}
    this.AT_LEAST_ONE(() => {
      const limit = this.OR<keyof AccountLimits>([
        { ALT: () => means(this.CONSUME(keyword('MAX_QUERIES_PER_HOUR')), 'maxQueriesPerHour') },
        { ALT: () => means(this.CONSUME(keyword('MAX_UPDATES_PER_HOUR')), 'maxUpdatesPerHour') },
        { ALT: () => means(this.CONSUME(keyword('MAX_CONNECTIONS_PER_HOUR')), 'maxConnectionsPerHour') },
        { ALT: () => means(this.CONSUME(keyword('MAX_USER_CONNECTIONS')), 'maxUserConnections') },
      ])
      limits[limit] = Math.min(Number(this.CONSUME(Integer).image), 0xffff_ffff)
    })
    return limits
  })

  private readonly passwordOrLockOption = this.RULE('passwordOrLockOption', (): AccountOptions => {
    return this.OR<AccountOptions>([
      {
        ALT: () => {
          this.CONSUME(keyword('PASSWORD'))
          return this.SUBRULE(this.passwordOption)
        },
      },
      {
        ALT: () => {
          this.CONSUME(keyword('ACCOUNT'))
          return this.OR2([
            { ALT: () => means(this.CONSUME(keyword('LOCK')), { locked: true }) },
            { ALT: () => means(this.CONSUME(keyword('UNLOCK')), { locked: false }) },
          ])
        },
      },
      {
        ALT: () => {
          this.CONSUME(keyword('FAILED_LOGIN_ATTEMPTS'))
          return { failedLoginAttempts: this.between(0, 32_767, this.CONSUME(Integer), 'FAILED_LOGIN_ATTEMPTS') }
        },
      },
      {
        ALT: () => {
          this.CONSUME(keyword('PASSWORD_LOCK_TIME'))
          return this.OR3([
            { ALT: () => means(this.CONSUME(keyword('UNBOUNDED')), { passwordLockTimeDays: -1 }) },
            {
              ALT: () => ({
                passwordLockTimeDays: this.between(0, 32_767, this.CONSUME2(Integer), 'PASSWORD_LOCK_TIME'),
              }),
            },
          ])
        },
      },
    ])
  })

  /** What follows PASSWORD. No password history is kept, so that only DEFAULT can be had of its options. */
  private readonly passwordOption = this.RULE('passwordOption', (): AccountOptions => {
    return this.OR<AccountOptions>([
      {
        ALT: () => {
          this.CONSUME(keyword('EXPIRE'))
          return { expire: this.OPTION(() => this.SUBRULE(this.passwordLifetime)) ?? 'now' }
        },
      },
      {
        ALT: () => {
          this.CONSUME(keyword('HISTORY'))
          this.OR2([
            { ALT: () => this.CONSUME(keyword('DEFAULT')) },
            {
              ALT: () => {
                this.CONSUME(Integer)
                this.refuse(serverError('ER_NOT_SUPPORTED_YET', 'PASSWORD HISTORY'))
              },
            },
          ])
          return {}
        },
      },
      {
        ALT: () => {
          this.CONSUME(keyword('REUSE'))
          this.CONSUME(keyword('INTERVAL'))
          this.OR3([
            { ALT: () => this.CONSUME2(keyword('DEFAULT')) },
            {
              ALT: () => {
                this.CONSUME2(Integer)
                this.CONSUME(keyword('DAY'))
                this.refuse(serverError('ER_NOT_SUPPORTED_YET', 'PASSWORD REUSE INTERVAL'))
              },
            },
          ])
          return {}
        },
      },
      {
        ALT: () => {
          this.CONSUME(keyword('REQUIRE'))
          this.CONSUME(keyword('CURRENT'))
          const unsaid = this.OPTION2(() =>
            this.OR4([
              { ALT: () => means(this.CONSUME3(keyword('DEFAULT')), true) },
              { ALT: () => means(this.CONSUME(keyword('OPTIONAL')), false) },
            ]),
          )
          if (unsaid !== true) this.refuse(serverError('ER_NOT_SUPPORTED_YET', 'PASSWORD REQUIRE CURRENT'))
          return {}
        },
      },
    ])
  })

  private readonly passwordLifetime = this.RULE('passwordLifetime', (): { lifetimeDays: number | undefined } => {
    return this.OR<{ lifetimeDays: number | undefined }>([
      { ALT: () => means(this.CONSUME(keyword('DEFAULT')), { lifetimeDays: undefined }) },
      { ALT: () => means(this.CONSUME(keyword('NEVER')), { lifetimeDays: 0 }) },
      {
        ALT: () => {
          this.CONSUME(keyword('INTERVAL'))
          const days = this.CONSUME(Integer)
          this.CONSUME(keyword('DAY'))
          return { lifetimeDays: this.between(1, 65_535, days, 'DAY') }
        },
      },
    ])
  })

  private between(low: number, high: number, token: IToken, what: string): number {
    const value = Number(token.image)
    if (!(value >= low && value <= high)) this.refuse(serverError('ER_WRONG_VALUE', what, token.image))
    return value
  }
}

/** The value that a keyword stands for. */
function means<T>(_keyword: IToken, value: T): T {
  return value
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }
