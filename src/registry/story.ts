/**
 * What was said and waited for in one login: phases and packets with their times, of packets kind and length and never content. Every
 * connection has one, so it is kept as plain numbers: some 32 bytes a step.
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
  /** Four numbers a step: time, code, bytes, and 1 + index of the note. */
  #numbers: number[] = []
  #notes: string[] | undefined = undefined

  enter(phase: DoorPhase, atMs: number): void {
    this.#add(atMs, phaseCodes.get(phase) ?? 0, 0, 0)
  }

  /** A login has no more than some 40 packets; those beyond are not told. */
  say(from: 'client' | 'server', kind: PacketKind, bytes: number, atMs: number, note?: string): void {
    let index = 0
    if (note !== undefined) {
      this.#notes ??= []
      index = this.#notes.push(note)
    }
    this.#add(atMs, (from === 'client' ? firstClientKind : firstServerKind) + (kindCodes.get(kind) ?? 0), bytes, index)
  }

  steps(): StoryStep[] {
    const steps: StoryStep[] = []
    const numbers = this.#numbers
    for (let i = 0; i < numbers.length; i += perStep) {
      const [atMs = 0, code = 0, bytes = 0, note = 0] = numbers.slice(i, i + perStep)
      const phase = doorPhases[code]
      if (code < firstClientKind) {
        if (phase !== undefined) steps.push({ atMs, is: 'phase', phase })
        continue
      }
      const from = code < firstServerKind ? 'client' : 'server'
      const kind = packetKinds[code - (from === 'client' ? firstClientKind : firstServerKind)]
      if (kind !== undefined) steps.push({ atMs, is: 'packet', from, kind, bytes, note: this.#notes?.[note - 1] })
    }
    return steps
  }

  /** Tells each phase that was left, and how long it lasted, without making the steps. */
  eachPhase(tell: (phase: DoorPhase, ms: number) => void): void {
    const numbers = this.#numbers
    let phase: DoorPhase | undefined
    let sinceMs = 0
    for (let i = 0; i < numbers.length; i += perStep) {
      const code = numbers[i + 1] ?? 0
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

  #add(atMs: number, code: number, bytes: number, note: number): void {
    if (this.#numbers.length < longest * perStep) this.#numbers.push(atMs, code, bytes, note)
  }
}

export interface StoryData {
  readonly numbers: readonly number[]
  readonly notes: readonly string[]
}

const perStep = 4
/** Units: steps. */
const longest = 96

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
