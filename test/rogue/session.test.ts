/** Servers that let a client in and then lie: about result sets, files, lengths, and whose turn it is. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { Connection } from '../../src/client/connection.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { block, bytes, int, lenenc, text, zeros } from '../support/bytes.ts'
import { meet } from './meet.ts'
import { column, err, frame, frames, localInfile, moreData, nextFactor, ok, switchTo } from './packets.ts'
import { answerId, close, dialogue, hear, opening, say, session } from './scripts.ts'
import { fileContent } from './secrets.ts'
import type { Step } from './server.ts'

const end = bytes('fe 00 00 02 00 00 00')
const malformed = ['CR_MALFORMED_PACKET', 'ER_MALFORMED_PACKET']
const row = (...cells: string[]) => bytes(...cells.map((cell) => block(cell)))
const types = { json: 245, longlong: 8, datetime: 12, bit: 16, float: 4, vector: 242, geometry: 255 }

const ways: Readonly<Record<string, (connection: Connection) => Promise<unknown>>> = {
  query: (connection) => connection.query('SELECT 1'),
  stream: async (connection) => {
    for await (const _ of connection.stream('SELECT 1'));
  },
}

describe('a result set that lies', { concurrency: 8 }, () => {
  const lies: Readonly<Record<string, readonly Uint8Array[]>> = {
    'no columns': [bytes('00 00 00')],
    '2^64 columns': [bytes('fe', int(2n ** 64n - 1n, 8))],
    '2^32 columns': [bytes('fe', int(2n ** 32n, 8))],
    '65,536 columns': [bytes('fd', int(65_536, 3))],
    'half a number of columns': [bytes('fc 01')],
    'a number of columns, and more': [bytes('01 01 01')],
    'an empty packet': [bytes()],
    'a definition that is an OK': [bytes('01'), ok],
    'a definition that is empty': [bytes('01'), bytes()],
    'a definition that is cut': [bytes('01'), column().subarray(0, 10)],
    'a definition whose name is 1 GiB long': [bytes('01'), bytes(block('def'), 'fe', int(2n ** 30n, 8))],
    'fewer definitions than columns': [bytes('03'), column(), column(), end, row('1')],
    'a row that is cut': [bytes('02'), column(), column(), row('1')],
    'a row that is too long': [bytes('01'), column(), row('1', '2')],
    'a row whose cell is longer than it': [bytes('01'), column(), bytes('fa', text('x'))],
    'a row whose cell is 1 GiB long': [bytes('01'), column(), bytes('fd ff ff ff', text('x'))],
    'a row whose length is 0xff': [bytes('01'), column(), bytes([0x01, 0x31]), bytes('ff')],
    'a row of nothing': [bytes('01'), column(), bytes()],
    'an end that is cut': [bytes('01'), column(), row('1'), bytes('fe 00 00')],
    'an end with a length that is none': [bytes('01'), column(), bytes('fe fb fb 02 00 00 00')],
    'a second result set that is none': [bytes('00 00 00 0a 00 00 00'), bytes()],
  }
  for (const [what, packets] of Object.entries(lies)) {
    for (const [way, use] of Object.entries(ways)) {
      it(`T29 breaks the connection, and nothing else: ${what}, by ${way}`, async () => {
        await meet({ script: session([packets]), use, symbol: malformed })
      })
    }
  }

  const values: Readonly<Record<string, readonly [number, string, ConnectOptions?]>> = {
    'text for a number': [types.longlong, 'DROP TABLE'],
    'an empty number': [types.longlong, ''],
    'a number with a NUL': [types.longlong, '1\x002'],
    'JSON that is none': [types.json, '{oops', { json: 'parsed' }],
    'JSON that is too deep': [types.json, '['.repeat(100_000), { json: 'parsed' }],
    'a vector of three bytes': [types.vector, 'abc'],
  }
  for (const [what, [type, value, options = {}]] of Object.entries(values)) {
    it(`T29 is a value, or an error of ours, but never a crash: ${what}`, async () => {
      const script = session([[bytes('01'), column('c', type), bytes(lenenc(value.length), text(value)), end]])
      const use = async (connection: Connection) => {
        await connection.query('SELECT c', options)
        throw new Error('taken as it is')
      }
      const taken = await meet({ script, use, symbol: malformed }).catch((error: Error) => error)
      if (taken instanceof Error) assert.equal(taken.message, 'taken as it is')
    })
  }

  it('T72 T60 gives a column named __proto__ no more than a column', async () => {
    const answer = frames([bytes('01'), column('__proto__'), row('polluted'), end], 1)
    const script = [...opening(), say(frame(ok, answerId())), hear, say(answer), hear, close]
    const use = async (connection: Connection) => {
      const { rows } = await connection.query('SELECT 1')
      assert.equal(Object.getOwnPropertyDescriptor(rows[0], '__proto__')?.value, 'polluted')
      assert.equal(Object.getOwnPropertyDescriptor(Object.prototype, 'polluted'), undefined)
      return connection.query('SELECT 2')
    }
    await meet({ script, use, symbol: 'CR_SERVER_LOST' })
  })
})

describe('a prepared statement that lies', { concurrency: 8 }, () => {
  const execute = (connection: Connection) => connection.execute('SELECT ?', [1])
  const prepared = bytes('00', int(1, 4), '01 00 01 00 00 00 00')
  const lies: Readonly<Record<string, readonly (readonly Uint8Array[])[]>> = {
    'prepared by half a packet': [[prepared.subarray(0, 6)]],
    'prepared by a result set': [[bytes('01'), column(), row('1'), end]],
    'prepared by an EOF': [[bytes('fe 00 00 02 00')]],
    'executed by a text row': [
      [prepared, column(), column()],
      [bytes('01'), column(), row('1'), end],
    ],
    'executed by a row without its bitmap': [
      [prepared, column(), column()],
      [bytes('01'), column(), bytes('00')],
    ],
    'executed by a row that is too long': [
      [prepared, column(), column()],
      [bytes('01'), column(), bytes('00 00', block('x'), block('y'))],
    ],
    'executed by a number that is cut': [
      [prepared, column(), column()],
      [bytes('01'), column('c', types.longlong), bytes('00 00 01 02')],
    ],
    'executed by a date of 200 bytes': [
      [prepared, column(), column()],
      [bytes('01'), column('c', types.datetime), bytes('00 00 c8', zeros(200))],
    ],
    'executed by columns of an unknown type': [
      [prepared, column(), column()],
      [bytes('01'), column('c', 99), bytes('00 00 02 61')],
    ],
  }
  for (const [what, answers] of Object.entries(lies)) {
    it(`T29 breaks the connection, and nothing else: ${what}`, async () => {
      await meet({ script: session(answers), use: execute, symbol: [...malformed, 'SALTGATE_CONFIGURATION'] })
    })
  }

  it('T29 with other parameters than the statement has is the caller’s error', async () => {
    const script = session([
      [bytes('00', int(1, 4), '00 00 e8 03 00 00 00'), ...Array.from({ length: 1000 }, () => column())],
    ])
    await meet({ script, use: execute, symbol: 'SALTGATE_CONFIGURATION' })
  })
})

describe('a server that asks for a file', { concurrency: 8 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'saltgate-rogue-'))
  const file = join(folder, 'secret.txt')
  writeFileSync(file, fileContent)
  after(() => rmSync(folder, { recursive: true }))
  const rejected = 'CR_LOAD_DATA_LOCAL_INFILE_REJECTED'
  /** The request, an empty packet from the client, and an OK as if all were well. */
  const asks = (ending = ok): Step[] => [
    ...opening(),
    say(frame(ok, answerId())),
    hear,
    say(frame(localInfile(file), 1)),
    hear,
    say(frame(ending, 3)),
    hear,
    hear,
  ]
  const commands: Readonly<Record<string, (connection: Connection) => Promise<unknown>>> = {
    ...ways,
    ping: (connection) => connection.ping(),
    resetConnection: (connection) => connection.resetConnection(),
    'LOAD DATA itself': (connection) => connection.query(`LOAD DATA LOCAL INFILE '${file}' INTO TABLE t`),
  }
  for (const [command, use] of Object.entries(commands)) {
    it(`T24 T59 gets none in answer to ${command}`, async () => {
      const { error } = await meet({ script: asks(), use, symbol: rejected })
      assert.equal(error.code, 2068)
    })

    it(`T24 T59 gets none in answer to ${command}, and its own error does not hide that`, async () => {
      await meet({ script: asks(err('the file was fine')), use, symbol: rejected })
    })
  }

  it('T24 T59 gets none while preparing, while changing users, or before the login', async () => {
    const request = localInfile(file)
    const prepare = (connection: Connection) => connection.execute('SELECT ?', [1])
    await meet({ script: session([[request]]), use: prepare, symbol: [...malformed, rejected] })
    await meet({ script: session([[request]]), use: (connection) => connection.changeUser(), symbol: malformed })
    await meet({ script: dialogue([request]), symbol: malformed })
  })

  it('T24 T59 gets only what the caller gives for the name it asked for', async () => {
    const asked: string[] = []
    const use = (connection: Connection) =>
      connection.query('LOAD DATA LOCAL INFILE ...', {
        localInfile: (name) => {
          asked.push(name)
          throw new Error('not this one')
        },
      })
    await meet({ script: asks(), use, symbol: rejected })
    assert.deepEqual(asked, [file])
  })
})

describe('a server that does not wait for its turn', { concurrency: 8 }, () => {
  const query = (connection: Connection) => connection.query('SELECT 1')
  const loggedIn: Step[] = [...opening(), say(frame(ok, answerId()))]

  it('T32 loses the connection by an answer ahead of the question', async () => {
    for (const early of [ok, bytes('01'), row('1'), localInfile('/etc/passwd'), bytes()]) {
      const script = [...opening(), say(frame(ok, 2), frame(early, 1)), hear]
      const use = async (connection: Connection) => {
        const result = await connection.query('SELECT 1')
        assert.fail(`an answer that nobody asked for: ${JSON.stringify(result.info)}`)
      }
      await meet({ script, use, symbol: [...malformed, 'CR_SERVER_GONE_ERROR'] })
    }
  })

  it('T32 loses it by an answer too many', async () => {
    const script = [...loggedIn, hear, say(frame(ok, 1), frame(ok, 2)), hear, hear]
    const use = async (connection: Connection) => {
      await connection.query('SELECT 1')
      return connection.query('SELECT 2')
    }
    await meet({ script, use, symbol: [...malformed, 'CR_SERVER_GONE_ERROR'] })
  })

  it('T32 loses it by each sequence id but the next', async () => {
    for (const id of [0, 2, 3, 255]) {
      await meet({ script: [...loggedIn, hear, say(frame(ok, id)), hear], use: query, symbol: malformed })
      const inRows = [frames([bytes('01'), column()], 1), frame(row('1'), id === 3 ? 4 : id)]
      await meet({ script: [...loggedIn, hear, say(...inRows), hear], use: query, symbol: malformed })
    }
  })

  it('T31 loses it by a packet larger than the caller takes, and by an endless chain', async () => {
    const options = { maxAllowedPacket: 100_000 }
    const tooLarge = 'CR_NET_PACKET_TOO_LARGE'
    const huge = bytes(int(100_001, 3), [1])
    await meet({ script: [...loggedIn, hear, say(huge), hear], options, use: query, symbol: tooLarge })
    const chain: Step = {
      do: 'repeat',
      bytes: (round) => bytes('ff ff ff', [1 + round], zeros(65_536)),
      hear: false,
    }
    await meet({ script: [...loggedIn, hear, chain], options, use: query, symbol: tooLarge })
  })

  it('is left by a query at the end of the stream, in the middle of anything', async () => {
    const whole = frames([bytes('01'), column(), row('1'), end], 1)
    for (let cut = 0; cut < whole.length; cut++) {
      const script = [...loggedIn, hear, say(whole.subarray(0, cut)), close]
      await meet({ script, use: query, symbol: 'CR_SERVER_LOST' })
    }
  })

  it('is left when the caller gives up: silence, and rows without end', async () => {
    const more: Step = { do: 'repeat', bytes: (round) => frame(row('1'), 3 + round), hear: false }
    const scripts = [
      [...loggedIn, hear, hear],
      [...loggedIn, hear, say(frames([bytes('01'), column()], 1)), more],
    ]
    for (const script of scripts) {
      const use = async (connection: Connection) => {
        await assert.rejects(connection.query('SELECT 1', { signal: AbortSignal.timeout(50) }), {
          name: 'TimeoutError',
        })
        connection.destroy()
        return connection.query('SELECT 2')
      }
      await meet({ script, use, symbol: 'CR_SERVER_GONE_ERROR' })
    }
  })
})

describe('a server that is asked to change the user', { concurrency: 8 }, () => {
  const use = (connection: Connection) => connection.changeUser({ user: 'other' })
  const answers: Readonly<Record<string, { packets: readonly Uint8Array[]; symbol: string | readonly string[] }>> = {
    'asks for the password in clear': { packets: [switchTo('mysql_clear_password')], symbol: 'CR_AUTH_PLUGIN_ERR' },
    'asks by dialog': { packets: [switchTo('dialog')], symbol: 'CR_AUTH_PLUGIN_ERR' },
    'asks for full authentication': {
      packets: [switchTo('caching_sha2_password'), moreData([4])],
      symbol: 'CR_AUTH_PLUGIN_ERR',
    },
    'asks for a factor in clear': {
      packets: [switchTo('mysql_native_password'), nextFactor('mysql_clear_password')],
      symbol: 'CR_AUTH_PLUGIN_ERR',
    },
    'names an unknown plugin': { packets: [switchTo('__proto__')], symbol: 'CR_AUTH_PLUGIN_CANNOT_LOAD' },
    'gives half a nonce': {
      packets: [switchTo('mysql_native_password', zeros(9))],
      symbol: ['CR_SERVER_HANDSHAKE_ERR', ...malformed],
    },
    'gives rows': { packets: [bytes('01')], symbol: malformed },
    refuses: { packets: [err('no')], symbol: 'ER_ACCESS_DENIED_ERROR' },
  }
  for (const [what, { packets, symbol }] of Object.entries(answers)) {
    it(`T16 gets no secret: it ${what}`, async () => {
      const turns = packets.flatMap((payload, i) => [say(frame(payload, 1 + 2 * i)), hear])
      const script = [...opening(), say(frame(ok, answerId())), hear, ...turns, hear]
      const { error } = await meet({ script, use, symbol })
      assert.notEqual(error.login, undefined)
    })
  }

  it('T16 gets no secret: it says nothing until the deadline', async () => {
    const script = [...opening(), say(frame(ok, answerId())), hear, hear]
    await meet({ script, options: { connectTimeoutMs: 300 }, use, symbol: 'CR_SERVER_LOST' })
  })

  it('T16 gets no secret: it always has one more switch', async () => {
    const more: Step = {
      do: 'repeat',
      bytes: (round) => frame(switchTo('mysql_native_password'), 1 + 2 * round),
      hear: true,
    }
    await meet({ script: [...opening(), say(frame(ok, answerId())), hear, more], use, symbol: malformed })
  })
})
