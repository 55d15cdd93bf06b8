import { ConfigurationError } from '../../errors/errors.ts'

/**
 * Reads a stream to its end, as UTF-8.
 *
 * Throws: `ConfigurationError` when it holds more than `limit` bytes or cannot be read; `name` says what it was.
 */
export async function readAll(stream: AsyncIterable<Buffer | string>, name: string, limit: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of stream) {
      chunks.push(Buffer.from(chunk))
      length += chunk.length
      if (length > limit) throw new ConfigurationError(`${name} holds more than ${limit} bytes`)
    }
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    throw new ConfigurationError(`cannot read ${name} (${(error as NodeJS.ErrnoException).code})`)
  }
  return Buffer.concat(chunks).toString('utf8')
}
