import type { Finding } from '../finding.ts'
import { byProof, sayError, wasRefused } from '../reading.ts'

const slugs: ReadonlySet<string> = new Set(['latin1', 'cp1252', 'mojibake', 'question-marks', 'nfc', 'nfd'])

export const finding: Finding = {
  id: 'password-character-set',
  title: 'The password is right, in another character set than the one that it was set in',
  severity: 'decisive',
  affects:
    'PyMySQL, aiomysql and asyncmy, which encode in latin-1 (PyMySQL still in 1.2.0); consoles of Windows; accents composed on one system and not on another',
  remedy: {
    client: "Python: give bytes, password.encode('utf-8'). Else: give the password in UTF-8 and Unicode NFC.",
    server: 'Set a password of ASCII characters.',
  },
  reference: 'https://github.com/PyMySQL/PyMySQL/issues/1252',
  onLogin: (seen, known) =>
    wasRefused(seen) ? byProof(known, ({ password }) => slugs.has(password), ...sayError(seen)) : undefined,
}
