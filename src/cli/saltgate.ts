#!/usr/bin/env node
/** The command line: one file per command; this one only joins them, and turns what they throw into exit codes. */
import { Command, CommanderError } from 'commander'
import { ConfigurationError, MysqlError } from '../errors/errors.ts'
import { version } from '../version.ts'
import { visible } from './visible.ts'

const program = new Command('saltgate')
  .description('The MySQL connection phase as software')
  .version(version)
  .showHelpAfterError('(saltgate --help shows what there is)')
  .exitOverride()
  .addHelpText('after', '\nExit codes: 0 done, 1 the answer is no, 2 wrong use.')

/** Each is loaded when it is called, or when somebody wants to see all of them: they stand on very different parts. */
const commands = new Map<string, () => Promise<(program: Command) => void>>([
  ['serve', async () => (await import('./serve.ts')).addServe],
  ['gateway', async () => (await import('./gateway.ts')).addGateway],
  ['user', async () => (await import('./user.ts')).addUser],
  ['connect', async () => (await import('./connect.ts')).addConnect],
  ['doctor', async () => (await import('./doctor.ts')).addDoctor],
  ['trace', async () => (await import('./trace.ts')).addTrace],
  ['diff', async () => (await import('./diff.ts')).addDiff],
  ['top', async () => (await import('./top.ts')).addTop],
])
const called = commands.get(process.argv[2] ?? '')
for (const load of called === undefined ? commands.values() : [called]) (await load())(program)

// A reader that has seen enough (saltgate ... | head) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2)
  if (!(error instanceof MysqlError)) throw error
  process.stderr.write(`saltgate: ${visible(error.message)}\n`)
  process.exit(error instanceof ConfigurationError ? 2 : 1)
}
