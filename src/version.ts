/** The version of Saltgate, as package.json has it. Its place is the same beside the sources and in the package. */
import { readFileSync } from 'node:fs'

const packageFile = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string
}

export const { version } = packageFile
