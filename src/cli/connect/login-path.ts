/**
 * Reads `.mylogin.cnf`, where `mysql_config_editor` keeps who logs in where. The file is obfuscated, not encrypted: its key
 * stands in front of it.
 *
 * Layout: 4 unused bytes; 20 bytes, folded by XOR to the key; then per line int<4> length (little-endian) and that many bytes of
 * AES-128-ECB with PKCS #7 padding. The lines are those of an option file.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/mysql-config-editor.html
 */
import { createDecipheriv } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigurationError } from '../../errors/errors.ts'
import { optionLines } from './option-file-lines.ts'
import { type FileOptions, groupsRead, type OptionFileChoice, type Surroundings } from './option-files.ts'

export interface LoginPathChoice extends OptionFileChoice {
  /** Read beside `[client]`. */
  readonly loginPath?: string
  readonly noLoginPaths?: boolean
}

/**
 * Reads the login file, `MYSQL_TEST_LOGIN_FILE` or `~/.mylogin.cnf`, if there is one; `--no-defaults` does not keep it out. A
 * file that others may read is passed over with a warning.
 *
 * Throws: `ConfigurationError` for a damaged file, and for a login path that is asked for and not there.
 */
export function readLoginPath(choice: LoginPathChoice, around: Surroundings): FileOptions {
  const { loginPath, noLoginPaths } = choice
  if (noLoginPaths) {
    if (loginPath !== undefined) throw new ConfigurationError('--login-path and --no-login-paths contradict each other')
    return { options: [], warnings: [] }
  }
  const file = around.env.MYSQL_TEST_LOGIN_FILE || join(around.home, '.mylogin.cnf')
  const { content, warnings } = loginFile(file)
  const wanted = new Set(groupsRead(choice, around))
  const named = loginPath?.toLowerCase()
  if (named !== undefined) wanted.add(named)
  const lines = [...optionLines(content, file, wanted)].filter((line) => line.is === 'option')
  if (named !== undefined && !lines.some(({ group }) => group === named)) {
    const why =
      warnings.length > 0 ? ` (${warnings.join(', ')})` : ': mysql_config_editor print --all shows those that are'
    throw new ConfigurationError(`there is no login path '${loginPath}' in ${file}${why}`)
  }
  const options = lines.map(({ group, name, value }) => ({
    group,
    name,
    value,
    origin: `login path '${group}' in ${file}`,
  }))
  return { options, warnings }
}

/** The lines of a login file in clear. */
export function decryptLoginFile(content: Buffer, file: string): Buffer {
  const damaged = () => new ConfigurationError(`${file} is damaged: make it again with mysql_config_editor`)
  if (content.length < head) throw damaged()
  const key = Buffer.alloc(16)
  for (const [at, byte] of content.subarray(4, head).entries()) key[at % 16] = (key[at % 16] ?? 0) ^ byte
  const lines: Buffer[] = []
  for (let at = head; at < content.length; ) {
    const length = at + 4 <= content.length ? content.readUInt32LE(at) : 0
    const sealed = content.subarray(at + 4, at + 4 + length)
    if (length === 0 || sealed.length < length) throw damaged()
    try {
      const cipher = createDecipheriv('aes-128-ecb', key, null)
      lines.push(cipher.update(sealed), cipher.final())
    } catch {
      throw damaged()
    }
    at += 4 + length
  }
  return Buffer.concat(lines)
}

function loginFile(file: string): { readonly content: Buffer; readonly warnings: readonly string[] } {
  try {
    const { mode, size } = statSync(file)
    if ((mode & 0o177) !== 0)
      return { content: nothing, warnings: [`${file} is ignored: others may use it (chmod 600)`] }
    if (size > mostBytes)
      return { content: nothing, warnings: [`${file} is ignored: it holds more than ${mostBytes} bytes`] }
    return { content: decryptLoginFile(readFileSync(file), file), warnings: [] }
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    const { code } = error as NodeJS.ErrnoException
    return { content: nothing, warnings: code === 'ENOENT' ? [] : [`${file} is ignored (${code})`] }
  }
}

const nothing = Buffer.alloc(0)
/** Bytes before the first line. */
const head = 24
const mostBytes = 1 << 20
