import type { Finding } from '../finding.ts'
import { byAbandoned } from '../reading.ts'

export const finding: Finding = {
  id: 'native-password-unknown',
  title: 'The client leaves when it is asked for mysql_native_password',
  severity: 'decisive',
  affects:
    'libmysqlclient 9, where it is a file of its own that some packages leave out (2059: cannot be loaded); clients told to use no other plugin than theirs',
  remedy: {
    client: 'Take a client of 8.4, or a package that has mysql_native_password.so (--plugin-dir).',
    server: 'Move the account on: ALTER USER ... IDENTIFIED WITH caching_sha2_password BY ....',
  },
  reference: 'https://github.com/pingcap/tiup/issues/2448',
  onLogin: (seen) => byAbandoned(seen, 'mysql_native_password'),
}
