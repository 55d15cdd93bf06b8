import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MAX_LENGTH, parseAccountStatement } from './parser.ts'
import { redactPasswords } from './redact.ts'

const S = '<secret>'

const redacted: Record<string, string> = {
  "CREATE USER 'a'@'%' IDENTIFIED BY 'pw', b IDENTIFIED WITH p AS 0x2A /* why */ REQUIRE SSL": `CREATE USER 'a'@'%' IDENTIFIED BY '${S}', b IDENTIFIED WITH p AS '${S}' REQUIRE SSL`,
  "alter user user() identified by 'pw' replace 'old' retain current password;": `alter user user() identified by '${S}' replace '${S}' retain current password;`,
  "SET PASSWORD FOR 'a' = 'pw'": `SET PASSWORD FOR 'a' = '${S}'`,
  "CREATE USER a IDENTIFIED VIA ed25519 USING PASSWORD('pw')": `CREATE USER a IDENTIFIED VIA ed25519 USING PASSWORD('${S}')`,
  "CREATE USER a IDENTIFIED VIA ed25519 USING 'pw' OR p USING PASSWORD('pw') AND IDENTIFIED WITH q BY 'pw'": `CREATE USER a IDENTIFIED VIA ed25519 USING '${S}' OR p USING PASSWORD('${S}') AND IDENTIFIED WITH q BY '${S}'`,
  "ALTER USER a ADD 2 FACTOR IDENTIFIED WITH p BY 'pw' ADD 3 FACTOR IDENTIFIED WITH q AS 'pw'": `ALTER USER a ADD 2 FACTOR IDENTIFIED WITH p BY '${S}' ADD 3 FACTOR IDENTIFIED WITH q AS '${S}'`,
  "CREATE USER a IDENTIFIED WITH p INITIAL AUTHENTICATION IDENTIFIED BY 'pw'": `CREATE USER a IDENTIFIED WITH p INITIAL AUTHENTICATION IDENTIFIED BY '${S}'`,
  "ALTER USER a 2 FACTOR FINISH REGISTRATION SET CHALLENGE_RESPONSE AS 'pw'": `ALTER USER a 2 FACTOR FINISH REGISTRATION SET CHALLENGE_RESPONSE AS '${S}'`,
  "CREATE USER a IDENTIFIED BY 'pw' COMMENT 'hello'": `CREATE USER a IDENTIFIED BY '${S}' COMMENT 'hello'`,
  "DROP USER 'a'@'localhost'": "DROP USER 'a'@'localhost'",
  "GRANT ALL ON *.* TO 'a' IDENTIFIED BY 'pw'": `GRANT ALL ON *.* TO 'a' IDENTIFIED ${S}`,
  "GRANT PROXY ON 'a' TO 'b' IDENTIFIED BY 'pw'": `GRANT PROXY ON ${S}`,
  'CREATE USER a IDENTIFIED BY pw': `CREATE USER a IDENTIFIED ${S}`,
  "CREATE USER a PASSWORD 'pw'": `CREATE USER a PASSWORD ${S}`,
  "CREATE USER 'a IDENTIFIED BY 'pw'": `CREATE USER ${S}`,
  "CREATE USER 'a IDENTIFIED BY ' pw ''": `CREATE USER ${S}`,
  'SET PASSWORD FOR a pw': `SET PASSWORD ${S}`,
  "CRATE USER a IDENTIFIED BY 'pw'": `CRATE USER a IDENTIFIED ${S}`,
  "SELECT 1; ALTER USER a IDENTIFIED BY 'pw'": `SELECT 1; ALTER USER a IDENTIFIED ${S}`,
  "SELECT PASSWORD('pw')": `SELECT PASSWORD( ${S}`,
  "UPDATE mysql.user SET authentication_string='pw' WHERE user='a'": `UPDATE mysql.user SET authentication_string= ${S}`,
  "INSERT INTO `mysql` . `user` VALUES ('%', 'a', 'pw')": `INSERT INTO \`mysql\` . \`user\` VALUES ( ${S}`,
  "CHANGE REPLICATION SOURCE TO SOURCE_PORT=1, SOURCE_PASSWORD='pw'": `CHANGE REPLICATION SOURCE TO SOURCE_PORT=1, SOURCE_PASSWORD= ${S}`,
  'PREPARE s FROM \'ALTER USER a IDENTIFIED BY "pw"\'': `PREPARE s FROM ${S}`,
  'SELECT user, authentication_string FROM mysql.user': 'SELECT user, authentication_string FROM mysql.user',
  "SELECT 'pw' /* no secret of an account */": "SELECT 'pw' /* no secret of an account */",
}

describe('redactPasswords', () => {
  for (const [sql, expected] of Object.entries(redacted)) {
    it(`shows ${sql} as ${expected}`, () => {
      assert.equal(redactPasswords(sql), expected)
    })
  }

  it('cuts a statement that is too long to be read', () => {
    const sql = `ALTER USER ${'a,'.repeat(MAX_LENGTH)}b IDENTIFIED BY 'hunter2'`
    const shown = redactPasswords(sql)
    assert.ok(shown.length <= MAX_LENGTH + 20)
    assert.ok(shown.endsWith(S))
  })

  const quote = (password: string) => `'${password.replace(/['\\]/g, '\\$&')}'`
  // A canary is found again as long as no part of a statement looks like it.
  const canary = fc
    .tuple(fc.string({ unit: 'grapheme', maxLength: 6 }), fc.string({ unit: 'grapheme', maxLength: 6 }))
    .map(([before, after]) => `${before}qZ7xQ${after}`)
  const statement = fc.constantFrom<(literal: string) => string>(
    (literal) => `CREATE USER a@localhost IDENTIFIED BY ${literal}`,
    (literal) => `CREATE USER IF NOT EXISTS 'a' IDENTIFIED WITH sha256_password BY ${literal} REQUIRE SSL`,
    (literal) => `ALTER USER a IDENTIFIED BY 'x', b IDENTIFIED BY ${literal} RETAIN CURRENT PASSWORD`,
    (literal) => `ALTER USER USER() IDENTIFIED BY 'x' REPLACE ${literal}`,
    (literal) => `CREATE USER a IDENTIFIED WITH mysql_native_password AS ${literal}`,
    (literal) => `CREATE USER a IDENTIFIED BY 'x' AND IDENTIFIED WITH sha256_password BY ${literal}`,
    (literal) => `CREATE USER a IDENTIFIED VIA ed25519 OR parsec USING PASSWORD(${literal}) OR p USING 'x'`,
    (literal) => `ALTER USER a ADD 2 FACTOR IDENTIFIED WITH p AS 'x' ADD 3 FACTOR IDENTIFIED WITH p BY ${literal}`,
    (literal) => `ALTER USER a MODIFY 2 FACTOR IDENTIFIED WITH p AS ${literal} ACCOUNT LOCK`,
    (literal) => `SET PASSWORD = ${literal}`,
    (literal) => `SET PASSWORD FOR a@'%' = ${literal} RETAIN CURRENT PASSWORD;`,
    (literal) => `SET PASSWORD = PASSWORD(${literal})`,
    (literal) => `GRANT ALL ON *.* TO a@'%' IDENTIFIED BY ${literal} WITH GRANT OPTION`,
    (literal) => `CREATE USER a IDENTIFED BY ${literal}`,
    (literal) => `CREATE USER 'a IDENTIFIED BY ${literal}`,
    (literal) => `CREATE USER a IDENTIFIED BY ${literal} REQUIRE TLS`,
    (literal) => `CREATE /*!80000 USER a IDENTIFIED BY ${literal} */`,
  )
  const secretIn = (text: string) => text.includes('qZ7xQ')

  it('never leaves a password that is quoted well', () => {
    fc.assert(
      fc.property(statement, canary, (sql, password) => {
        assert.ok(!secretIn(redactPasswords(sql(quote(password)))))
      }),
      { numRuns: 1_000 },
    )
  })

  it('shows nothing of a name that swallowed the password behind it', () => {
    assert.equal(redactPasswords("CREATE USER 'a IDENTIFIED BY ''qZ7xQ'"), 'CREATE USER <secret>')
  })

  it('never leaves a password whose quotes are forgotten or wrong, in the text or in the error', () => {
    const careless = fc.constantFrom<(password: string) => string>(
      (password) => `'${password}'`,
      (password) => `"${password}"`,
      (password) => password,
      (password) => `'${password}`,
      (password) => `${password}'`,
      (password) => `\`${password}\``,
    )
    fc.assert(
      fc.property(statement, careless, canary, (sql, write, password) => {
        const text = sql(write(password))
        // 'a IDENTIFIED BY ...' up to the next quote is a user name by all rules of the grammar.
        fc.pre(!text.startsWith("CREATE USER 'a IDENTIFIED BY") || write('').length === 2)
        assert.ok(!secretIn(redactPasswords(text)), redactPasswords(text))
        try {
          parseAccountStatement(text)
        } catch (error) {
          assert.ok(!secretIn(String(error)), String(error))
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
