/**
 * What `saltgate trace` does, in a process of its own: a summary or a whole report of each connection as a line of JSON, or one line
 * of text per packet, on stdout.
 *
 * Usage: started by `part.ts` as `process.ts summaries|reports|lines FILE`. When all is read, it tells the count of frames and of
 * connections by IPC.
 */
import { readCapture } from '../../src/cli/trace/capture-source.ts'
import type { Observation } from '../../src/doctor/observation.ts'
import { explainedReport } from '../../src/doctor/report/explained-report.ts'
import { ladder } from '../../src/doctor/report/ladder.ts'
import { summaryOf } from '../../src/doctor/report/summary.ts'
import { jsonLine } from '../../src/doctor/report/visible.ts'

export interface Traced {
  readonly frames: number
  readonly connections: number
}

const forms: Readonly<Record<string, (seen: Observation) => string>> = {
  summaries: (seen) => `${jsonLine(summaryOf(seen))}\n`,
  reports: (seen) => `${jsonLine(explainedReport(seen))}\n`,
  lines: (seen) => ladder(explainedReport(seen), { colour: false, verbose: false }),
}

const [form = '', file = ''] = process.argv.slice(2)
const text = forms[form]
if (text === undefined) throw new Error(`there is no form ${form}`)

let connections = 0
let texts: string[] = []
const write = () => {
  process.stdout.write(texts.join(''))
  texts = []
}
const { summary } = await readCapture(
  { file, summary: form === 'summaries' },
  {
    onSeen(seen) {
      connections++
      texts.push(text(seen))
    },
    ready() {
      write()
      return process.stdout.writableNeedDrain
        ? new Promise((resolve) => process.stdout.once('drain', resolve))
        : undefined
    },
  },
)
write()
process.send?.({ frames: summary.frames, connections } satisfies Traced)
