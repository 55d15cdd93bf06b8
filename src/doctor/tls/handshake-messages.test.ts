import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MalformedPacket } from '../../errors/errors.ts'
import { decodeCertificates, decodeClientHello, decodeServerHello } from './handshake-messages.ts'

const random = Uint8Array.from({ length: 32 }, (_, i) => i)

function uint(size: number, value: number): number[] {
  return Array.from({ length: size }, (_, i) => (value >> (8 * (size - 1 - i))) & 0xff)
}

function vector(size: number, ...parts: readonly Iterable<number>[]): number[] {
  const bytes = parts.flatMap((part) => [...part])
  return [...uint(size, bytes.length), ...bytes]
}

function extension(type: number, ...data: readonly Iterable<number>[]): number[] {
  return [...uint(2, type), ...vector(2, ...data)]
}

function clientHello(version: number, ...extensions: readonly number[][]): Uint8Array {
  return Uint8Array.from([
    ...uint(2, version),
    ...random,
    ...vector(1, [1, 2, 3]),
    ...vector(2, [0x13, 0x01]),
    ...vector(1, [0]),
    ...(extensions.length === 0 ? [] : vector(2, ...extensions)),
  ])
}

function serverHello(version: number, ...extensions: readonly number[][]): Uint8Array {
  const head = [...uint(2, version), ...random, ...vector(1, [1, 2, 3]), 0xc0, 0x2f, 0]
  return Uint8Array.from([...head, ...(extensions.length === 0 ? [] : vector(2, ...extensions))])
}

/** Cut anywhere, but where a hello without extensions ends, it is malformed. */
function refusesToBeCut(decode: (body: Uint8Array) => unknown, body: Uint8Array, good: readonly number[] = []): void {
  for (let length = 0; length < body.length; length++) {
    if (!good.includes(length))
      assert.throws(() => decode(body.subarray(0, length)), MalformedPacket, `${length} bytes`)
  }
}

describe('decodeClientHello', () => {
  it('reads versions, server name and early data, and passes over values that mean nothing', () => {
    const hello = clientHello(
      0x0303,
      extension(0x2a2a),
      extension(0, vector(2, [0], vector(2, Buffer.from('db.example')))),
      extension(43, vector(1, [0xfa, 0xfa, 3, 3, 3, 4, 3, 1])),
      extension(42),
      extension(43, vector(1, [3, 1])),
    )
    assert.deepEqual(decodeClientHello(hello), {
      random,
      version: 0x0304,
      serverName: 'db.example',
      earlyData: true,
    })
    refusesToBeCut(decodeClientHello, hello, [clientHello(0x0303).length])
  })

  it('takes the version of the record of old where no other is offered', () => {
    for (const hello of [clientHello(0x0301), clientHello(0x0301, extension(43, vector(1, [0x1a, 0x1a])))]) {
      assert.deepEqual(decodeClientHello(hello), {
        random,
        version: 0x0301,
        serverName: undefined,
        earlyData: false,
      })
    }
  })
})

describe('decodeServerHello', () => {
  it('reads what the server chose', () => {
    const hello = serverHello(0x0303, extension(43, [3, 4]), extension(41, [0, 0]), extension(22))
    assert.deepEqual(decodeServerHello(hello), {
      random,
      version: 0x0304,
      suite: 0xc02f,
      compressed: false,
      encryptThenMac: true,
      resumes: true,
      isRetry: false,
    })
    refusesToBeCut(decodeServerHello, hello, [serverHello(0x0303).length])
    assert.equal(decodeServerHello(serverHello(0x0302)).version, 0x0302)
  })
})

describe('decodeCertificates', () => {
  it('takes ten at most, and none of more than 32 KiB', () => {
    const certificates = Array.from({ length: 12 }, (_, i) => vector(3, [i]))
    const large = vector(3, new Uint8Array(32_769))
    const list = Uint8Array.from(vector(3, large, ...certificates))
    assert.deepEqual(
      decodeCertificates(list, 0x0303),
      Array.from({ length: 10 }, (_, i) => Uint8Array.of(i)),
    )
  })

  it('reads those of TLS 1.3, with their extensions', () => {
    const one = [...vector(3, [7, 8]), ...vector(2, extension(5, [1]))]
    const body = Uint8Array.from([0, ...vector(3, one, one)])
    assert.deepEqual(decodeCertificates(body, 0x0304), [Uint8Array.of(7, 8), Uint8Array.of(7, 8)])
    refusesToBeCut((cut) => decodeCertificates(cut, 0x0304), body)
  })

  it('hands out copies', () => {
    const body = Buffer.from(vector(3, vector(3, [7])))
    const [certificate] = decodeCertificates(body, 0x0303)
    body.fill(0)
    assert.deepEqual(certificate, Uint8Array.of(7))
  })
})
