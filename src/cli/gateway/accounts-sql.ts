/** `saltgate gateway --accounts-sql`: what an administrator runs at a server, so that the gateway may ask it for its role and its accounts. */
import { randomBytes } from 'node:crypto'
import { accountViewStatements } from '../../gateway/account-view.ts'

export const accountsSqlProducts = ['mysql', 'mariadb'] as const

/** Each time with another password. */
export function accountsSql(product: (typeof accountsSqlProducts)[number]): string {
  const { name, forRole, forKill } = products[product]
  const gateway = { user: 'saltgate', host: '%' }
  const account = `'${gateway.user}'@'${gateway.host}'`
  const password = randomBytes(18).toString('base64url')
  return `-- The gateway's own account at a ${name} server: to be run by an administrator, where accounts are changed (the primary).
-- It may be run again: an account that exists keeps its password. The one in here is new each time that this text is made.

-- 1. The account. In the configuration of the gateway it is written
--      to: ['mysql://${gateway.user}:${password}@HOST:3306?ssl-mode=REQUIRED']
--    Instead of '%', say from where the gateway comes, if that is known, here and below.
CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY '${password}';

-- 2. ${forRole.why}
${forRole.sql(account)}-- 3. To carry out KILL QUERY for clients of the gateway, which may be logged in here as anybody.
${forKill(account)};

-- 4. Only for rules by which the accounts of the server judge (way: 'backend', or check: 'backend'): a view of what a login needs.
${accountViewStatements(name, { gateway })
  .map((statement) => `${statement};\n`)
  .join('')}`
}

const products = {
  mysql: {
    name: 'MySQL',
    forRole: {
      why: 'To ask for its role in a group (Group Replication); that of a replica needs no privilege.',
      sql: (account: string) =>
        [
          `GRANT SELECT ON performance_schema.replication_group_members TO ${account};`,
          `GRANT SELECT ON performance_schema.replication_group_member_stats TO ${account};\n\n`,
        ].join('\n'),
    },
    forKill: (account: string) => `GRANT CONNECTION_ADMIN ON *.* TO ${account}`,
  },
  mariadb: {
    name: 'MariaDB',
    forRole: { why: 'To ask for its role no privilege is needed.', sql: () => '\n' },
    forKill: (account: string) => `GRANT CONNECTION ADMIN ON *.* TO ${account}`,
  },
} as const
