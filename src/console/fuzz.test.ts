import { after, it } from 'node:test'
import fc from 'fast-check'
import { openConsole } from '../../test/support/console-session.ts'
import { MysqlError } from '../errors/errors.ts'

const console = openConsole()
after(() => console.close())

const words = (
  "SELECT FROM WHERE ( ) , . * = := @ @@version @a ? 1 .5 1e3 'x' \"y\" `z` x'41' 0x AS ORDER BY GROUP HAVING LIMIT UNION " +
  'information_schema.processlist mysql.user t p.id COUNT( GROUP_CONCAT( SEPARATOR CAST( CONVERT( USING CASE WHEN END ' +
  "WITH RECURSIVE IN LIKE ESCAPE COLLATE INTERVAL DATE_ADD( DAY _utf8mb4 N'x' SHOW SET GLOBAL NAMES KILL FLUSH DROP " +
  'USE DESC TABLES VARIABLES COLUMNS TRUNCATE /* */ /*! -- # ; \' " ` \\ \0 \u{1f600} NULL NOW() SLEEP( DATABASE( <=> || '
).split(' ')

it('answers any soup of words with a result or an error of MySQL', async () => {
  const session = console.login('root')
  session.database = 'mysql'
  await session.run('SET max_execution_time = 1000')
  const soup = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 14 })
  const begun = fc.constantFrom('SELECT ', 'SHOW ', 'SET ', '')
  await fc.assert(
    fc.asyncProperty(begun, soup, async (first, rest) => {
      try {
        await session.run(first + rest.join(' '), 1, 'x')
      } catch (error) {
        if (!(error instanceof MysqlError)) throw error
      }
    }),
    { numRuns: 300 },
  )
})
