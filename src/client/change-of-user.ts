/** COM_CHANGE_USER as a command of a conversation: the login machine once more, on a connection that stands. */
import type { Channel, Question } from '../auth/plugin.ts'
import { ConfigurationError, clientError, MysqlError } from '../errors/errors.ts'
import { ClientHandshake } from '../machine/client-handshake.ts'
import type { ClientInput, LoggedIn } from '../machine/client-states.ts'
import type { Command, Conversation, Reply, Task } from './conversation.ts'
import { promptTimeoutMs } from './login.ts'
import { LoginStory } from './login-story.ts'
import type { Prompt, Secrets } from './secrets.ts'
import type { Identity, Settings } from './settings.ts'

/** The connection as it stands. */
export interface Standing {
  /** Asked when the command's turn has come: another change of user may come before it. */
  readonly before: () => LoggedIn
  readonly channel: Channel
  readonly conversation: Conversation
  readonly prompt: Prompt
  /** Told before the next command begins. */
  readonly entered: (loggedIn: LoggedIn) => void
}

/** Makes the task. Its error carries a report, as that of a login. */
export function changeOfUser(
  settings: Settings,
  identity: Identity,
  secrets: Secrets,
  standing: Standing,
): Task<LoggedIn> {
  const done = Promise.withResolvers<LoggedIn>()
  return { command: new ChangeOfUser(settings, identity, secrets, standing, done), done: done.promise }
}

class ChangeOfUser implements Command {
  readonly paused = false
  readonly #settings: Settings
  readonly #identity: Identity
  readonly #secrets: Secrets
  readonly #standing: Standing
  readonly #done: PromiseWithResolvers<LoggedIn>
  readonly #story: LoginStory
  #machine: ClientHandshake | undefined = undefined
  #timer: NodeJS.Timeout | undefined = undefined

  constructor(
    settings: Settings,
    identity: Identity,
    secrets: Secrets,
    standing: Standing,
    done: PromiseWithResolvers<LoggedIn>,
  ) {
    this.#settings = settings
    this.#identity = identity
    this.#secrets = secrets
    this.#standing = standing
    this.#done = done
    this.#story = new LoginStory(settings, identity)
  }

  begin(): readonly Uint8Array[] {
    const { passwords, tokens } = this.#secrets
    const { user, database } = this.#identity
    const { channel, before } = this.#standing
    const machine = ClientHandshake.changeUser(
      { ...this.#settings.login, user, passwords, tokens, ...(database !== undefined && { database }) },
      channel,
      before(),
    )
    this.#machine = machine
    this.#expectWithin(this.#settings.timeoutMs)
    /** The command itself is the machine's first effect. */
    const requests: Uint8Array[] = []
    for (const effect of machine.take()) {
      if (effect.do === 'send') requests.push(effect.payload.slice())
      else if (effect.do === 'tell') this.#story.tell(effect.step)
    }
    if (machine.state.at === 'failed') this.#fail(machine.state.error)
    return requests
  }

  onPacket(payload: Uint8Array, { sequenceId }: Reply): boolean {
    return this.#step({ is: 'packet', payload, sequenceId })
  }

  onLost(error: MysqlError): void {
    this.#fail(error)
  }

  /** Halfway between two users nothing else can be done with the connection. */
  abandoned(): void {
    this.#standing.conversation.break(clientError('CR_SERVER_LOST', 'because the caller gave up COM_CHANGE_USER'))
  }

  #step(input: ClientInput): boolean {
    const { conversation, entered } = this.#standing
    const machine = this.#machine as ClientHandshake
    machine.step(input)
    for (const effect of machine.take()) {
      if (effect.do === 'send') conversation.send(effect.payload)
      else if (effect.do === 'tell') this.#story.tell(effect.step)
      else if (effect.do === 'ask') this.#ask(effect.question)
    }
    const { state } = machine
    if (state.at === 'ready') {
      clearTimeout(this.#timer)
      entered(state)
      this.#done.resolve(state)
      return true
    }
    if (state.at !== 'failed') return false
    this.#fail(state.error)
    // Only an ERR leaves both sides where commands can go on.
    if (payloadWasErr(input)) return true
    conversation.break(state.error)
    return true
  }

  #ask(question: Question): void {
    const { conversation, prompt } = this.#standing
    this.#expectWithin(promptTimeoutMs)
    prompt(question)
      .then((answer) => {
        if (conversation.lost !== undefined) return undefined
        this.#expectWithin(this.#settings.timeoutMs)
        this.#step({ is: 'answer', answer })
        return conversation.flushed()
      })
      .catch((cause: unknown) => {
        conversation.break(cause instanceof MysqlError ? cause : new ConfigurationError('prompt failed', { cause }))
      })
  }

  #expectWithin(ms: number): void {
    clearTimeout(this.#timer)
    const late = () => clientError('CR_SERVER_LOST', `during COM_CHANGE_USER: no answer within ${ms} ms`)
    this.#timer = setTimeout(() => this.#standing.conversation.break(late()), ms)
  }

  #fail(error: MysqlError): void {
    clearTimeout(this.#timer)
    const { channel } = this.#standing
    this.#done.reject(this.#story.fail(error, channel, this.#machine?.peer?.trust))
  }
}

function payloadWasErr(input: ClientInput): boolean {
  return input.is === 'packet' && input.payload[0] === 0xff
}
