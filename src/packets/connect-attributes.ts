/**
 * Connect attributes: the key-value pairs that a client says about itself. The last variable field of a login.
 *
 * They stay pairs of bytes: keys may repeat, may be `__proto__`, and need not be valid text.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/performance-schema-connection-attribute-tables.html
 */
import { ConfigurationError } from '../errors/errors.ts'
import { PacketReader, utf8 } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'

export type ConnectAttributes = readonly (readonly [key: Uint8Array, value: Uint8Array])[]

/** The same as text, in the order in which they were sent; what is not UTF-8 becomes U+FFFD. */
export function attributesText(attributes: ConnectAttributes | undefined): [name: string, value: string][] {
  return (attributes ?? []).map(([name, value]) => [utf8(name), utf8(value)])
}

/** Bytes of all pairs with their lengths; MySQL's limit. */
const MAX_LENGTH = 0xffff
/** mysqld has no such limit; 64 KiB of empty pairs are 32,768 objects for one stranger. */
const MAX_PAIRS = 128

/** Throws: `ConfigurationError` when there are more than 128 pairs or 65,535 bytes. */
export function writeConnectAttributes(writer: PacketWriter, attributes: ConnectAttributes): void {
  const block = new PacketWriter()
  for (const [key, value] of attributes) block.lenencBytes(key).lenencBytes(value)
  const bytes = block.finish()
  if (bytes.length > MAX_LENGTH || attributes.length > MAX_PAIRS) {
    throw new ConfigurationError(`connect attributes are limited to ${MAX_PAIRS} pairs and ${MAX_LENGTH} bytes`)
  }
  writer.lenencBytes(bytes)
}

/**
 * Reads the block and copies it.
 *
 * Throws: `MalformedPacket` when the total does not fit the packet, the pairs do not fill it exactly (mysqld lets that
 * pass), or there are more than 128 pairs or 65,535 bytes.
 */
export function readConnectAttributes(reader: PacketReader, packetName: string): ConnectAttributes {
  const view = reader.lenencBytes('connect attributes')
  if (view.length > MAX_LENGTH) reader.refuse('connect attributes', `at most ${MAX_LENGTH} bytes`)
  const block = new PacketReader(view.slice(), `${packetName} connect attributes`)
  const attributes: (readonly [Uint8Array, Uint8Array])[] = []
  while (block.remaining > 0) {
    if (attributes.length === MAX_PAIRS) block.refuse('attribute', `at most ${MAX_PAIRS} pairs`)
    attributes.push([block.lenencBytes('attribute key'), block.lenencBytes('attribute value')])
  }
  return attributes
}
