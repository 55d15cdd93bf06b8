/**
 * A proxy on a free port of loopback that passes bytes through and has the scanners of the command phase look on: what it was told
 * is held against what clients do.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type AnswerEnd, AnswerScanner } from '../../src/machine/answer-scanner.ts'
import { CommandScanner } from '../../src/machine/command-scanner.ts'
import { command } from '../../src/packets/commands.ts'
import { FrameReader } from '../../src/wire/framer.ts'
import { bytes, int } from './bytes.ts'

export interface ScanningProxy extends AsyncDisposable {
  readonly port: number
  readonly sessions: readonly ScannedSession[]
}

export interface ScannedSession {
  /** The answers that were told, oldest first. */
  readonly answers: readonly AnswerEnd[]
  /** Commands, with those that have no answer. */
  readonly commands: readonly number[]
  readonly files: number
  readonly unasked: number
  /** What went wrong: a violation, or bytes that were lost. */
  readonly problem: unknown
  /** Commands without an answer, when both sides had left. */
  readonly outstanding: number
}

/** @param pieceSize largest piece, in bytes, that a scanner is given at once */
export async function openScanningProxy(
  to: { readonly port: number } | { readonly path: string },
  pieceSize = Number.POSITIVE_INFINITY,
): Promise<ScanningProxy> {
  const sessions: Session[] = []
  const server = createServer((client) => sessions.push(new Session(client, connect(to), pieceSize)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return {
    port: address.port,
    sessions,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.end()
      server.close()
      await once(server, 'close')
    },
  }
}

class Session implements ScannedSession {
  readonly answers: AnswerEnd[] = []
  readonly commands: number[] = []
  files = 0
  unasked = 0
  problem: unknown = undefined
  readonly #client: Socket
  readonly #backend: Socket
  /** While a login, or a change of user, goes on. */
  #login: Login | undefined = new Login()
  #scanners: { commands: CommandScanner; answers: AnswerScanner } | undefined

  constructor(client: Socket, backend: Socket, pieceSize: number) {
    this.#client = client
    this.#backend = backend
    const guard = (from: Socket, take: (piece: Buffer) => void) => {
      from.setNoDelay(true)
      from.on('data', (chunk: Buffer) => {
        try {
          const size = Math.min(pieceSize, chunk.length)
          for (let at = 0; at < chunk.length; at += size) take(chunk.subarray(at, at + size))
        } catch (error) {
          this.problem ??= error
          this.end()
        }
      })
      from.on('error', () => this.end())
      from.on('close', () => this.end())
    }
    guard(client, (piece) => this.#fromClient(piece))
    guard(backend, (piece) => this.#fromBackend(piece))
  }

  get outstanding(): number {
    return this.#scanners?.answers.outstanding ?? 0
  }

  end(): void {
    this.#client.destroySoon()
    this.#backend.destroySoon()
  }

  #fromClient(piece: Buffer): void {
    if (this.#login === undefined) this.#scanners?.commands.push(piece)
    else {
      this.#login.fromClient(piece)
      this.#backend.write(piece)
    }
  }

  #fromBackend(piece: Buffer): void {
    this.#client.write(piece)
    if (this.#login === undefined) this.#scanners?.answers.push(piece)
    else if (this.#login.fromBackend(piece) === 'over') {
      this.#scanners ??= this.#scan(this.#login)
      this.#login = undefined
    }
  }

  #scan(login: Login): { commands: CommandScanner; answers: AnswerScanner } {
    const answers = new AnswerScanner(login, {
      onAnswered: (end) => this.answers.push(end),
      onLocalInfile: () => {
        this.files++
        commands.dataMode(true)
      },
      onUnasked: () => this.unasked++,
    })
    const commands: CommandScanner = new CommandScanner({
      onCommand: (seen) => {
        this.commands.push(seen.command)
        if (seen.command === command.CHANGE_USER) return 'take'
        answers.expect(seen.command, seen.body, seen.length)
        return 'forward'
      },
      onTaken: (payload, sequenceId) => {
        assert.equal(commands.takeLeftover().length, 0)
        this.#login = new Login('change of user')
        this.#backend.write(bytes(int(payload.length, 3), [sequenceId], payload))
      },
      forward: (piece) => this.#backend.write(piece),
    })
    return { commands, answers }
  }
}

/** Follows a login far enough to know what was negotiated and when it is over. */
class Login {
  capabilities = 0
  mariadbCapabilities = 0
  readonly #client = new FrameReader(0xffffff)
  readonly #backend = new FrameReader(0xffffff)
  #at: 'greeting' | 'response' | 'proof'

  constructor(of: 'connection' | 'change of user' = 'connection') {
    this.#at = of === 'connection' ? 'greeting' : 'proof'
  }

  fromClient(piece: Buffer): void {
    this.#client.push(piece)
    for (let packet = this.#client.next(); packet !== undefined; packet = this.#client.next()) {
      if (this.#at !== 'response') continue
      const payload = Buffer.from(packet.payload)
      this.capabilities = payload.readUInt32LE(0)
      if ((this.capabilities & 1) === 0) this.mariadbCapabilities = payload.readUInt32LE(28)
      this.#at = 'proof'
    }
  }

  fromBackend(piece: Buffer): 'over' | 'goes on' {
    this.#backend.push(piece)
    let over = false
    for (let packet = this.#backend.next(); packet !== undefined; packet = this.#backend.next()) {
      if (this.#at === 'greeting') this.#at = 'response'
      // OK, or ERR: after that of a change of user the server closes.
      else over = packet.payload[0] === 0x00 || packet.payload[0] === 0xff
    }
    return over ? 'over' : 'goes on'
  }
}
