/**
 * The PAM service that MariaDB's pam plugin asks in its chroot: a script instead of system accounts, so that any account may be
 * made in SQL alone.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** As in `IDENTIFIED VIA pam USING 'saltgate'`: everyone's password is `pw-right`. */
export const pamService = 'saltgate'

/** Asks a second question of the user `two`, whatever the answer to it. */
export const pamServiceOfTwoQuestions = 'saltgate-two'

const password = 'auth required pam_exec.so expose_authtok quiet /usr/local/bin/saltgate-pam'
const services = {
  [pamService]: [password],
  [pamServiceOfTwoQuestions]: [password, 'auth required pam_ftp.so users=two'],
}

// pam_exec ends the password that it writes with a NUL.
const script = `#!/bin/sh
[ "$(tr -d '\\000')" = pw-right ]
`

/** Writes the services into the chroot at `root`. */
export async function setUpPam(root: string): Promise<void> {
  for (const [name, lines] of Object.entries(services)) {
    await writeFile(join(root, 'etc/pam.d', name), [...lines, 'account required pam_permit.so', ''].join('\n'))
  }
  await writeFile(join(root, 'usr/local/bin/saltgate-pam'), script, { mode: 0o755 })
}
