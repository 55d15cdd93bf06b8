/** Reads a capture that is at hand, and keeps what its handlers were told. */

import type { CaptureOptions, CaptureSummary, FlowHandler, FlowOpened } from '../../src/doctor/capture/flows.ts'
import { CaptureReader } from '../../src/doctor/capture/read-capture.ts'
import type { Side } from '../../src/doctor/observation.ts'

export type FlowEvent =
  | { readonly is: 'data'; readonly from: Side; readonly bytes: Buffer; readonly atMs: number }
  | { readonly is: 'gap'; readonly from: Side; readonly bytes: number; readonly atMs: number }
  | { readonly is: 'fin' | 'rst'; readonly from: Side; readonly atMs: number }

export interface SeenFlow {
  readonly opened: FlowOpened
  readonly events: FlowEvent[]
  finished: boolean
}

export function readCapture(
  bytes: Uint8Array | readonly Uint8Array[],
  options?: CaptureOptions,
): { flows: SeenFlow[]; summary: CaptureSummary } {
  const flows: SeenFlow[] = []
  const reader = new CaptureReader(keepIn(flows), options)
  for (const chunk of bytes instanceof Uint8Array ? [bytes] : bytes) {
    if (!reader.push(chunk)) break
  }
  return { flows, summary: reader.end() }
}

/** For `open`: every flow is followed and put into `flows`. Throws: `Error` on a call after `finish`. */
export function keepIn(flows: SeenFlow[]): (opened: FlowOpened) => FlowHandler {
  return (opened) => {
    const flow: SeenFlow = { opened, events: [], finished: false }
    flows.push(flow)
    const keep = (event: FlowEvent) => {
      if (flow.finished) throw new Error('a call after finish')
      flow.events.push(event)
    }
    return {
      onData: (from, bytes, atMs) => keep({ is: 'data', from, bytes: Buffer.from(bytes), atMs }),
      onGap: (from, bytes, atMs) => keep({ is: 'gap', from, bytes, atMs }),
      onEnd: (from, how, atMs) => keep({ is: how, from, atMs }),
      finish: () => {
        if (flow.finished) throw new Error('finished twice')
        flow.finished = true
      },
    }
  }
}

/** What a side said, without what is missing. */
export function said({ events }: SeenFlow, by: Side): string {
  const data = events.flatMap((event) => (event.is === 'data' && event.from === by ? [event.bytes] : []))
  return Buffer.concat(data).toString('latin1')
}

/** The story in short: `client hello`, `server <5>`, `client fin`; data of one side in a row is joined. */
export function story({ events }: SeenFlow): string[] {
  const lines: string[] = []
  let before: FlowEvent | undefined
  for (const event of events) {
    if (event.is !== 'data') {
      lines.push(`${event.from} ${event.is === 'gap' ? `<${event.bytes}>` : event.is}`)
    } else if (before?.is === 'data' && before.from === event.from) {
      lines.push(lines.pop() + event.bytes.toString('latin1'))
    } else {
      lines.push(`${event.from} ${event.bytes.toString('latin1')}`)
    }
    before = event
  }
  return lines
}
