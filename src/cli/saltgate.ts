#!/usr/bin/env node
/** The command line: one file per command; this one only joins them, and turns what they throw into exit codes. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { ConfigurationError, MysqlError } from '../errors/errors.ts'
import { addConnect } from './connect.ts'
import { addDiff } from './diff.ts'
import { addDoctor } from './doctor.ts'
import { addServe } from './serve.ts'
import { addTrace } from './trace.ts'
import { addUser } from './user.ts'
import { visible } from './visible.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

const program = new Command('saltgate')
  .description('The MySQL connection phase as software')
  .version(version)
  .showHelpAfterError('(saltgate --help shows what there is)')
  .exitOverride()
  .addHelpText('after', '\nExit codes: 0 done, 1 the answer is no, 2 wrong use.')

addServe(program)
addUser(program)
addConnect(program)
addDoctor(program)
addTrace(program)
addDiff(program)

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
