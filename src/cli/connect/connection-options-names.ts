/** Finds the option that a name means, in an option file or on the command line: `_` is `-`, and MySQL's prefixes count. */
import { canonicalName } from '../../client/named-options.ts'
import { commandLineOptions } from './connection-options-table.ts'

export type Meant =
  | { readonly known: true; readonly name: string; readonly value: string | undefined }
  /** `loose`: the writer does not mind. */
  | { readonly known: false; readonly name: string; readonly loose: boolean }

/**
 * `skip-` and `disable-` turn a flag off, `enable-` turns it on, `loose-` permits that an option is unknown.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/option-modifiers.html
 */
export function optionMeant(written: string, value: string | undefined): Meant {
  const [, prefix, rest = ''] = /^(loose-)?(.*)$/s.exec(canonicalName(written)) ?? []
  const name = canonicalName(rest)
  if (commandLineOptions.has(name)) return { known: true, name, value }
  const [, modifier, modified = ''] = /^(skip|disable|enable)-(.+)$/s.exec(name) ?? []
  const option = commandLineOptions.get(canonicalName(modified))
  if (option?.takes === 'flag' && !option.flags.startsWith('--no-')) {
    // As in MySQL, --skip-compress=0 says the opposite of --skip-compress.
    const on = (modifier === 'enable') !== (value === '0')
    return { known: true, name: canonicalName(modified), value: on ? '1' : '0' }
  }
  if (option?.takes === 'optional' && modifier !== 'enable' && modified.startsWith('password')) {
    return { known: true, name: canonicalName(modified), value: '' }
  }
  return { known: false, name, loose: prefix !== undefined }
}
