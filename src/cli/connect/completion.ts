/** What the Tab key offers: words of SQL, and the names of the tables of the database in use. */
import type { CompleterResult } from 'node:readline'
import { rowsOf } from './print-statement.ts'
import type { Abortable, Session } from './session.ts'
import { visibleText } from './visible-text.ts'

export class Completion {
  #names: readonly string[] = []

  /** Asks for the tables of the database in use. A server that does not tell them is no error. */
  async learn(session: Session, abortable: Abortable): Promise<void> {
    this.#names = []
    if (session.describe().database === undefined) return
    const names: string[] = []
    try {
      for await (const event of session.query('SHOW TABLES', abortable)) {
        if (names.length < MAX_NAMES) names.push(...rowsOf(event).map(([name]) => String(name)))
      }
    } catch {
      return
    }
    // A name that drives the terminal is not offered.
    this.#names = names.filter((name) => visibleText(name) === name)
  }

  /** In readline's form. Words of SQL come in the case in which the first letters were typed. */
  complete(line: string): CompleterResult {
    const word = /[\w$]+$/.exec(line)?.[0] ?? ''
    if (word === '') return [[], word]
    const isLower = word === word.toLowerCase()
    const words = keywords.filter((keyword) => keyword.startsWith(word.toUpperCase()))
    const names = this.#names.filter((name) => name.toLowerCase().startsWith(word.toLowerCase()))
    return [[...names, ...words.map((keyword) => (isLower ? keyword.toLowerCase() : keyword))], word]
  }
}

const MAX_NAMES = 10_000

const keywords =
  `ALTER ANALYZE AND ASC AUTO_INCREMENT BEGIN BETWEEN BIGINT BLOB CALL CASCADE CASE CHARACTER CHECK COLLATE COLUMN
  COMMIT CONNECTION_ID CONSTRAINT COUNT CREATE CROSS CURRENT_TIMESTAMP CURRENT_USER DATABASE DATABASES DATETIME DECIMAL DEFAULT
  DELETE DESC DESCRIBE DISTINCT DOUBLE DROP ELSE END ENGINE EVENT EXISTS EXPLAIN FALSE FLUSH FOREIGN FROM FULL FUNCTION GLOBAL GRANT
  GRANTS GROUP HAVING IDENTIFIED INDEX INNER INSERT INTEGER INTERVAL INTO JOIN JSON KEY KILL LEFT LIKE LIMIT LOCK NATURAL NOT NULL
  OFFSET OR ORDER OUTER PARTITION PERSIST PRIMARY PRIVILEGES PROCEDURE PROCESSLIST REFERENCES REGEXP RENAME REPLACE RETURNING REVOKE
  RIGHT ROLE ROLLBACK ROWS SAVEPOINT SELECT SESSION SHOW START STATUS TABLE TABLES TEMPORARY TEXT THEN TIMESTAMP TRANSACTION
  TRIGGER TRUE TRUNCATE UNION UNIQUE UNLOCK UNSIGNED UPDATE USER USING VALUES VARCHAR VARIABLES VIEW WARNINGS WHEN WHERE WINDOW
  WITH`.split(/\s+/)
