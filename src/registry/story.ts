/**
 * What was said and waited for in one login: phases and packets with their times, of packets kind and length and never content. Every
 * connection has one, so it is kept as plain numbers: 16 bytes a step.
 */
import { type PacketKind, phases } from '../machine/phases.ts'
import type { DoorPhase } from './connection-record.ts'

/** Units: `atMs` is on the clock of `performance.now`. */
export type StoryStep =
  | { readonly atMs: number; readonly is: 'phase'; readonly phase: DoorPhase }
  | {
      readonly atMs: number
      readonly is: 'packet'
      readonly from: 'client' | 'server'
      readonly kind: PacketKind
      /** Of the payload. */
      readonly bytes: number
      /** The plugin of a switch or a factor; what an AuthMoreData means. */
      readonly note: string | undefined
    }

export class Story {
  /** Two numbers a step: its time, and all else as `packed` has put it together. */
  #numbers: number[] = []
  #notes: string[] | undefined = undefined

  enter(phase: DoorPhase, atMs: number): void {
    this.#add(atMs, phaseCodes.get(phase) ?? 0)
  }

  /** A login has no more than some 40 packets; those beyond are not told. */
  say(from: 'client' | 'server', kind: PacketKind, bytes: number, atMs: number, note?: string): void {
    let noteNumber = 0
    if (note !== undefined && this.#hasRoom) {
      if (this.#notes === undefined) this.#notes = [note]
      else this.#notes.push(note)
      noteNumber = this.#notes.length
    }
    const code = (from === 'client' ? firstClientKind : firstServerKind) + (kindCodes.get(kind) ?? 0)
    this.#add(atMs, packed(code, noteNumber, bytes))
  }

  steps(): StoryStep[] {
    const steps: StoryStep[] = []
    const numbers = this.#numbers
    for (let i = 0; i < numbers.length; i += perStep) {
      const atMs = numbers[i] ?? 0
      const what = numbers[i + 1] ?? 0
      const code = codeOf(what)
      const phase = doorPhases[code]
      if (code < firstClientKind) {
        if (phase !== undefined) steps.push({ atMs, is: 'phase', phase })
        continue
      }
      const from = code < firstServerKind ? 'client' : 'server'
      const kind = packetKinds[code - (from === 'client' ? firstClientKind : firstServerKind)]
      const note = this.#notes?.[noteNumberOf(what) - 1]
      if (kind !== undefined) steps.push({ atMs, is: 'packet', from, kind, bytes: bytesOf(what), note })
    }
    return steps
  }

  /** Tells each phase that was left, and how long it lasted, without making the steps. */
  eachPhase(tell: (phase: DoorPhase, ms: number) => void): void {
    const numbers = this.#numbers
    let phase: DoorPhase | undefined
    let sinceMs = 0
    for (let i = 0; i < numbers.length; i += perStep) {
      const code = codeOf(numbers[i + 1] ?? 0)
      if (code >= firstClientKind) continue
      const atMs = numbers[i] ?? 0
      if (phase !== undefined) tell(phase, atMs - sinceMs)
      phase = doorPhases[code]
      sinceMs = atMs
    }
  }

  /** From the first step to the last; ms. */
  get durationMs(): number {
    const numbers = this.#numbers
    return (numbers[numbers.length - perStep] ?? 0) - (numbers[0] ?? 0)
  }

  /** As it goes to another process. */
  toData(): StoryData {
    return { numbers: this.#numbers, notes: this.#notes ?? [] }
  }

  static fromData({ numbers, notes }: StoryData): Story {
    const story = new Story()
    story.#numbers = [...numbers]
    if (notes.length > 0) story.#notes = [...notes]
    return story
  }

  #add(atMs: number, what: number): void {
    if (this.#hasRoom) this.#numbers.push(atMs, what)
  }

  get #hasRoom(): boolean {
    return this.#numbers.length < longest * perStep
  }
}

export interface StoryData {
  readonly numbers: readonly number[]
  readonly notes: readonly string[]
}

const perStep = 2
/** Units: steps. */
const longest = 96

/** `noteNumber` is 1 + index of the note; 0: there is none. More of any than a packet has bytes fits into a number. */
function packed(code: number, noteNumber: number, bytes: number): number {
  return code + noteNumber * 2 ** 8 + bytes * 2 ** 16
}

function codeOf(what: number): number {
  return what & 0xff
}

function noteNumberOf(what: number): number {
  return (what >> 8) & 0xff
}

function bytesOf(what: number): number {
  return Math.floor(what / 2 ** 16)
}

/** All phases that a connection can be in. */
export const doorPhases: readonly DoorPhase[] = [
  'accepted',
  'proxy-header',
  'resolving-name',
  ...(Object.keys(phases) as (keyof typeof phases)[]),
]

const packetKinds: readonly PacketKind[] = [...new Set(Object.values(phases).flatMap(({ accepts }) => accepts))]

const phaseCodes: ReadonlyMap<DoorPhase, number> = new Map(doorPhases.map((phase, code) => [phase, code]))
const kindCodes: ReadonlyMap<PacketKind, number> = new Map(packetKinds.map((kind, code) => [kind, code]))
const firstClientKind = 64
const firstServerKind = 128
