/** Finds the line of a configuration file that could not be loaded: Node says it in a different way for each kind of file. */
import { execFile } from 'node:child_process'
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Script } from 'node:vm'

export interface LoadFailure {
  /** Counted from 1; `undefined` when nothing tells it. */
  readonly line: number | undefined
  readonly remedy: string
}

/** Explains why loading `file`, whose content is `text`, failed with `error`. May start Node once to check the syntax. */
export async function syntaxErrorLine(file: string, text: string, error: unknown): Promise<LoadFailure> {
  if (!(error instanceof SyntaxError)) {
    return { line: lineIn(stackOf(error), file), remedy: 'running the file failed there' }
  }
  const remedy =
    'code' in error && error.code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'
      ? 'use only TypeScript that can be erased (no enum, no namespace)'
      : 'mend the syntax near this line'
  if (extname(file) === '.json') return { line: jsonLine(text, error), remedy }
  return { line: lineIn(stackOf(error), file) ?? lineIn(await checkSyntax(file), file), remedy }
}

/** JSON.parse names a line for some errors only; JavaScript's own parser, given the text as an expression, for the others. */
function jsonLine(text: string, error: SyntaxError): number | undefined {
  const said = /\(line (\d+) /.exec(error.message)
  if (said !== null) return Number(said[1])
  try {
    new Script(`(${text}\n)`, { filename: 'config.json' })
  } catch (failure) {
    return lineIn(stackOf(failure), 'config.json')
  }
  return undefined
}

/** For JavaScript modules the line appears only in what `node --check` prints. */
function checkSyntax(file: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--check', file], { timeout: 10_000 }, (_error, _stdout, stderr) => resolve(stderr))
  })
}

function lineIn(text: string, file: string): number | undefined {
  const output = text.replace(/\?read=\d+/g, '')
  for (const name of [pathToFileURL(file).href, file]) {
    const at = output.indexOf(`${name}:`)
    const line = Number.parseInt(output.slice(at + name.length + 1), 10)
    if (at !== -1 && line > 0) return line
  }
  return undefined
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? '') : ''
}
