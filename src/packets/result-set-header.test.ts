import { bytes } from '../../test/support/bytes.ts'
import { testCodec } from '../../test/support/codec-fixture.ts'
import { capability, mariadbCapability } from './capabilities.ts'
import { decodeResultSetHeader, encodeResultSetHeader, type ResultSetHeader } from './result-set-header.ts'

function codec(capabilities: number, mariadbCapabilities: number) {
  return {
    encode: (header: ResultSetHeader) => encodeResultSetHeader(header, capabilities, mariadbCapabilities),
    decode: (payload: Uint8Array) => decodeResultSetHeader(payload, capabilities, mariadbCapabilities),
  }
}

testCodec('ResultSetHeader', {
  packet: { columnCount: 300, metadataFollows: true },
  payload: bytes('fc 2c 01'),
  ...codec(0, 0),
})

testCodec('ResultSetHeader with CLIENT_OPTIONAL_RESULTSET_METADATA', {
  packet: { columnCount: 2, metadataFollows: false },
  payload: bytes('02 00'),
  ...codec(capability.OPTIONAL_RESULTSET_METADATA, 0),
})

testCodec('ResultSetHeader of MariaDB with CACHE_METADATA', {
  packet: { columnCount: 2, metadataFollows: false },
  payload: bytes('02 00'),
  ...codec(0, mariadbCapability.CACHE_METADATA),
})
