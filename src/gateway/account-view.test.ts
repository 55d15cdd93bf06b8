import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { accountsStatement, accountViewStatements } from './account-view.ts'

const gateway = { user: 'gateway', host: '10.0.0.%' }

describe('accountViewStatements', () => {
  test('gives the gateway the view, and the account behind the view the columns of a login', () => {
    assert.deepEqual(
      accountViewStatements('MySQL', { gateway }).filter((sql) => sql.startsWith('GRANT')),
      [
        'GRANT SELECT (User, Host, plugin, authentication_string, account_locked, User_attributes, ssl_type, ssl_cipher, x509_issuer, x509_subject, password_expired, password_lifetime, password_last_changed) ' +
          "ON mysql.user TO 'saltgate_definer'@'localhost'",
        "GRANT SELECT ON `saltgate`.accounts TO 'gateway'@'10.0.0.%'",
      ],
    )
    assert.deepEqual(
      accountViewStatements('MariaDB', { gateway }).filter((sql) => sql.startsWith('GRANT')),
      [
        "GRANT SELECT (User, Host, Priv) ON mysql.global_priv TO 'saltgate_definer'@'localhost'",
        "GRANT SELECT ON `saltgate`.accounts TO 'gateway'@'10.0.0.%'",
      ],
    )
  })

  test('locks the account behind the view, and changes nothing that is there when it is run again', () => {
    for (const product of ['MySQL', 'MariaDB'] as const) {
      const [schema, definer, , view] = accountViewStatements(product, { gateway })
      assert.match(schema ?? '', /^CREATE SCHEMA IF NOT EXISTS /)
      assert.match(definer ?? '', /^CREATE USER IF NOT EXISTS .* ACCOUNT LOCK$/)
      assert.match(view ?? '', /^CREATE OR REPLACE DEFINER = 'saltgate_definer'@'localhost' SQL SECURITY DEFINER VIEW /)
    }
  })

  test('shows the same columns of both products, by the names that are read', () => {
    const named = (product: 'MySQL' | 'MariaDB') =>
      Array.from(
        accountViewStatements(product, { gateway })[3]?.matchAll(/ AS ([a-z_\d]+),?$/gm) ?? [],
        ([, name]) => name,
      )
    assert.equal(named('MySQL').length, 17)
    assert.deepEqual(named('MariaDB'), named('MySQL'))
    assert.match(accountsStatement(), new RegExp(`^SELECT ${named('MySQL').join(', ')}, @@GLOBAL`))
  })

  test('quotes names, and refuses those that sql_mode could make mean something else', () => {
    const sql = accountViewStatements('MySQL', { schema: 'a`b', gateway: { user: "o'neil", host: '%' } })
    assert.equal(sql.at(-1), "GRANT SELECT ON `a``b`.accounts TO 'o''neil'@'%'")
    for (const user of ["\\' OR", 'a\0b']) {
      assert.throws(() => accountViewStatements('MySQL', { gateway: { user, host: '%' } }), {
        name: 'ConfigurationError',
      })
    }
    for (const schema of ['', 'a.b', 'a/b', 'a\\b', 'a\0', 'x'.repeat(65), 'space ']) {
      assert.throws(() => accountViewStatements('MariaDB', { schema, gateway }), { name: 'ConfigurationError' }, schema)
      assert.throws(() => accountsStatement(schema), { name: 'ConfigurationError' }, schema)
    }
  })
})
