/**
 * `saltgate user`: accounts from the command line, also while `saltgate serve` runs on the same data directory. What is done
 * takes effect on the next login.
 */
import { type Command, Option } from 'commander'
import { plugins } from '../auth/plugins.ts'
import { addAccount, alterAccounts, changePassword, dropAccounts } from './user/change.ts'
import { importAccounts } from './user/import.ts'
import { refusePasswordArgument } from './user/password-source.ts'
import { listAccounts, showAccount } from './user/show.ts'

export function addUser(program: Command): void {
  const user = program
    .command('user')
    .description('Make, change, list and import accounts, also while saltgate serve runs')
    .showHelpAfterError('(saltgate user --help shows what there is)')
    .addHelpText(
      'after',
      `
Examples:
  $ saltgate user add app@10.0.0.% --grant 'SELECT ON shop.*'
  $ saltgate user passwd root@localhost
  $ saltgate user list
  $ saltgate user import users.sql --dry-run`,
    )

  withPassword(
    verb(user, 'add <name>', 'Make an account', [
      'saltgate user add app                                     (asks for the password)',
      "saltgate user add app@10.0.0.% --random --grant 'SELECT, INSERT ON shop.*'",
      'APP_PW=... saltgate user add app --password-env APP_PW --require ssl',
      'saltgate user add boss@localhost --admin --password-stdin < boss.txt',
    ]),
  )
    .addOption(new Option('--plugin <plugin>', 'authentication plugin').choices([...plugins.keys()]))
    .option('--require <what>', "ssl, x509, or \"SUBJECT '/CN=app' ISSUER '/CN=ca' CIPHER '...'\"")
    .option('--grant <privileges...>', "'PRIVILEGES ON database.*', as in GRANT")
    .option('--admin', 'grant everything, with the right to grant it')
    .action(addAccount)

  withPassword(
    verb(user, 'passwd <name>', 'Change a password', [
      'saltgate user passwd root@localhost',
      'saltgate user passwd app --random --retain',
      'pass show app | saltgate user passwd app --password-stdin',
    ]),
  )
    .option('--retain', 'let the old password in too, until it is changed again or discarded')
    .action(changePassword)

  verb(user, 'lock <name...>', 'Refuse the logins of accounts', ['saltgate user lock app guest@10.0.0.%']).action(
    alterAccounts('lock'),
  )
  verb(
    user,
    'unlock <name...>',
    'Let locked accounts in again',
    ['saltgate user unlock app'],
    'A block after wrong passwords is in the memory of the server: ALTER USER ... ACCOUNT UNLOCK there ends it at once.',
  ).action(alterAccounts('unlock'))
  verb(user, 'drop <name...>', 'Remove accounts', ['saltgate user drop app']).action(dropAccounts)
  verb(user, 'list', 'List the accounts', ['saltgate user list', "saltgate user list --json | jq -r '.user'"]).action(
    listAccounts,
  )
  verb(user, 'show <name>', 'Print the statements that make an account, with its stored credential', [
    'saltgate user show app',
    'saltgate user show app | saltgate user import - --data ./elsewhere',
  ]).action(showAccount)

  verb(
    user,
    'import <file>',
    'Take over accounts of a MySQL or MariaDB server, with their passwords; - reads stdin',
    [
      'mysql -NBr -e "SHOW CREATE USER app" | saltgate user import -',
      "mysql -B -e 'SELECT * FROM mysql.user' | saltgate user import - --dry-run",
      "mysqlsh --sql --result-format=json -e 'SELECT * FROM mysql.user' > users.json; saltgate user import users.json",
      'mariadb-dump --system=users | saltgate user import -',
    ],
    'Exit code 1 when a row was refused, or kept because the account exists already. Rows of mysql.user hold no privileges\non databases; the statements of SHOW GRANTS may be imported as well.',
  )
    .option('--dry-run', 'only say what would happen')
    .option('--replace', 'overwrite accounts that exist already')
    .action(importAccounts)
}

function verb(
  user: Command,
  usage: string,
  description: string,
  examples: readonly string[],
  remark?: string,
): Command {
  const [name] = usage.split(' ')
  return user
    .command(usage)
    .description(description)
    .option('--data <dir>', 'data directory (default: that of the configuration, else ./saltgate-data)')
    .option('--config <file>', 'configuration file (default: ./saltgate.config.ts if there is one)')
    .option('--json', 'print one JSON object per line')
    .showHelpAfterError(`(saltgate user ${name} --help shows how, with examples)`)
    .addHelpText('after', `\nA NAME is user or user@host; without a host it means user@%, any host.`)
    .addHelpText('after', remark === undefined ? '' : `\n${remark}`)
    .addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ ${line}`).join('\n')}`)
}

function withPassword(command: Command): Command {
  return command
    .option('--password-stdin', 'read the password from stdin, up to the end of the line')
    .option('--password-env <variable>', 'take the password from an environment variable')
    .option('--random', 'make a random password and print it')
    .option('--no-password', 'no password: everybody who knows the name gets in')
    .addOption(new Option('-p, --password [password]').argParser(refusePasswordArgument).hideHelp())
}
