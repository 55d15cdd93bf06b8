/** MySQL's connection options for commander, which reads a few things differently than MySQL's programs do. */
import { type Command, Option } from 'commander'
import { optionMeant } from './connection-options-names.ts'
import { type CommandLineOption, choosesFiles, commandLineOptions } from './connection-options-table.ts'

/** Adds the options; `-h` then is the host, so that help is `-?` and `--help`. Read them by `settingsGiven`. */
export function addConnectionOptions(command: Command): Command {
  for (const row of commandLineOptions.values()) command.addOption(optionOf(row))
  command.helpOption('-?, --help', 'show this help')
  // commander would take the word behind -p for the password, and knows neither --skip-ssl nor --ssl_mode.
  const parse = command.parseOptions.bind(command)
  command.parseOptions = (argv) => parse(asCommanderReads(argv, command.options))
  return command
}

/** An option that was given: by name, with `undefined` for one without a value. */
export type GivenOption = readonly [name: string, value: string | undefined]

/** What the command line holds, of the result of commander's `opts()`. */
export function settingsGiven(options: Readonly<Record<string, unknown>>): GivenOption[] {
  return [...commandLineOptions].flatMap(([name, row]): GivenOption[] => {
    const value = options[optionOf(row).attributeName()]
    if (choosesFiles.has(name) || value === undefined) return []
    return [value].flat().map((one) => [name, one === noValue ? undefined : String(one)])
  })
}

function optionOf({ flags, what, takes, hidden }: CommandLineOption): Option {
  const native = /^--no-/.test(flags)
  const option = new Option(takes === 'flag' && !native ? `${flags} [switch]` : flags, what)
  if (takes === 'list') option.argParser((value: string, before: string[] = []) => [...before, value])
  if (takes === 'optional') option.flags = flags.replace(/ \[(.*)\]/, '[=$1]')
  if (takes === 'flag') option.flags = flags
  return option.hideHelp(hidden === true)
}

/** Writes every option that may go without a value with one. */
function asCommanderReads(argv: readonly string[], options: readonly Option[]): string[] {
  const read: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] as string
    if (argument === '--') return [...read, ...argv.slice(at)]
    const written = rewritten(argument)
    read.push(...written)
    const takesNext = options.some(
      ({ required, long, short }) => required && (written[0] === long || written[0] === short),
    )
    if (takesNext) read.push(...argv.slice(++at, at + 1))
  }
  return read
}

function rewritten(argument: string): readonly string[] {
  if (argument.startsWith('-p')) return [`--password=${argument.slice(2) || noValue}`]
  if (argument.startsWith('-C')) return ['--compress=1', ...(argument.length > 2 ? [`-${argument.slice(2)}`] : [])]
  const [, written, value] = /^--([^=]+)(?:=(.*))?$/s.exec(argument) ?? []
  if (written === undefined) return [argument]
  const meant = optionMeant(written, value)
  if (!meant.known) return meant.loose ? [] : [argument]
  const takes = commandLineOptions.get(meant.name)?.takes
  if (meant.value !== undefined) return [`--${meant.name}=${meant.value}`]
  if (meant.name.startsWith('no-')) return [`--${meant.name}`]
  return [
    takes === 'flag' ? `--${meant.name}=1` : takes === 'optional' ? `--${meant.name}=${noValue}` : `--${meant.name}`,
  ]
}

/** No argument of a process can hold a NUL. */
const noValue = '\0'
