/**
 * A backend that tells the truth until it is told to lie: it takes every login by mysql_native_password, answers every command by OK, and
 * keeps all that it hears. A lie is for the next connection alone, so that the gateway's watch meets an honest server before and after.
 */
import type { Socket } from 'node:net'
import { err, frame, type Greeting, greeting, ok, switchTo } from '../rogue/packets.ts'
import { LoopbackServer } from '../support/loopback-server.ts'

/** What it would say next: a greeting, the request for another plugin, the verdict, the answer to a command. */
export type Turn = 'greeting' | 'switch' | 'verdict' | 'answer'

export interface Lie {
  /** In place of what it would say at this turn. */
  readonly at: Turn
  /** As on the wire, headers included; nothing when left out. */
  readonly says?: Uint8Array
  readonly and: 'leaves' | 'resets' | 'goes on' | 'is silent'
}

/** Ids of what it says, where nothing went wrong before. */
export const idOf: Readonly<Record<Turn, number>> = { greeting: 0, switch: 2, verdict: 4, answer: 1 }

export class LyingBackend extends LoopbackServer {
  #lie: Lie | undefined = undefined
  greeting: Greeting = {}
  /** One per connection that got beyond the greeting: the user, and all that was said there, the login included. */
  readonly heard: {
    readonly user: string
    readonly bytes: Buffer
    /** It gave an answer to the plugin. */
    readonly answered: boolean
    readonly commands: readonly Buffer[]
  }[] = []

  static open(host?: string): Promise<LyingBackend> {
    return new LyingBackend().listen(host)
  }

  /** Whether the lie was told. */
  get told(): boolean {
    return this.#lie === undefined
  }

  lieOnce(lie: Lie): void {
    this.#lie = lie
  }

  protected override serve(socket: Socket): void {
    void this.#answer(socket)
  }

  async #answer(socket: Socket): Promise<void> {
    const lie = this.#lie
    this.#lie = undefined
    const packets = packetsOf(socket)
    const heard = async () => (await packets.next()).value
    const say = (turn: Turn, payload: Uint8Array, id = idOf[turn]): boolean => {
      if (lie?.at !== turn) return socket.write(frame(payload, id)) || true
      if (lie.says !== undefined) socket.write(lie.says)
      if (lie.and === 'leaves') socket.end()
      if (lie.and === 'resets') socket.resetAndDestroy()
      return lie.and === 'goes on'
    }
    if (!say('greeting', greeting(this.greeting))) return
    const login = await heard()
    if (login === undefined) return
    const user = login.subarray(32, login.indexOf(0, 32)).toString()
    const commands: Buffer[] = []
    const session = { user, bytes: login, answered: false, commands }
    this.heard.push(session)
    if (user === 'saltgate-monitor') return void socket.end(frame(err('nobody'), 2))
    if (!say('switch', switchTo('mysql_native_password'))) return
    const proof = await heard()
    if (proof === undefined) return
    session.answered = true
    session.bytes = Buffer.concat([session.bytes, proof])
    if (!say('verdict', ok)) return
    for await (const command of packets) {
      session.bytes = Buffer.concat([session.bytes, command])
      commands.push(command)
      if (command[0] === 1) return void socket.end()
      if (!say('answer', ok)) return
    }
  }
}

/** Payloads, until the other side leaves. */
async function* packetsOf(socket: Socket): AsyncGenerator<Buffer, undefined> {
  let unread = Buffer.alloc(0)
  try {
    for await (const chunk of socket) {
      unread = Buffer.concat([unread, chunk as Buffer])
      while (unread.length >= 4 && unread.length >= 4 + unread.readUIntLE(0, 3)) {
        const end = 4 + unread.readUIntLE(0, 3)
        const payload = unread.subarray(4, end)
        unread = unread.subarray(end)
        yield payload
      }
    }
  } catch {
    // A reset is one way to leave.
  }
  return undefined
}
