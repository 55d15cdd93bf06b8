/**
 * What several processes have counted of their logins, as one: nothing that a process has counted is lost with it. It stands for the tally,
 * the groups of refusals and the use of accounts of a registry.
 */
import { type AccountUse, usesTogether } from '../registry/account-use.ts'
import { groupsTogether, type RefusalGroup } from '../registry/refusal-groups.ts'
import { addSnapshots, nothingTallied, type TallySnapshot, withoutConnections, withPeaks } from '../registry/tally.ts'
import type { CountsReport as Counts } from './report.ts'

export class MirroredCounts {
  #gone: Counts = {
    tally: nothingTallied(),
    refusals: { groups: [], forgotten: 0, revision: 0 },
    use: [],
  }
  #all: Counts = this.#gone
  /** Since they were taken last. */
  #peaks: number[] = []

  /** `_nowMs`: it is as of the last look. */
  snapshot(_nowMs: number, takePeaks = false): TallySnapshot {
    const snapshot = withPeaks(this.#all.tally, this.#peaks)
    if (takePeaks) this.#peaks = []
    return snapshot
  }

  groups(): readonly RefusalGroup[] {
    return this.#all.refusals.groups
  }

  get forgotten(): number {
    return this.#all.refusals.forgotten
  }

  get revision(): number {
    return this.#all.refusals.revision
  }

  seen(): ReturnType<AccountUse['seen']> {
    return this.#all.use
  }

  /** `left` are the last reports of processes that are no more. */
  show(left: readonly Counts[], running: readonly Counts[]): void {
    for (const { tally, ...rest } of left) {
      this.#gone = together([this.#gone, { tally: withoutConnections(tally), ...rest }])
    }
    this.#all = together([this.#gone, ...running])
    for (const [i, { peak }] of this.#all.tally.lanes.entries()) this.#peaks[i] = Math.max(peak, this.#peaks[i] ?? 0)
  }
}

function together(all: readonly Counts[]): Counts {
  return {
    tally: all.map(({ tally }) => tally).reduce(addSnapshots, nothingTallied()),
    refusals: {
      groups: groupsTogether(all.map(({ refusals }) => refusals.groups)).slice(0, 200),
      forgotten: all.reduce((sum, { refusals }) => sum + refusals.forgotten, 0),
      revision: all.reduce((sum, { refusals }) => sum + refusals.revision, 0),
    },
    use: usesTogether(all.map(({ use }) => use)),
  }
}
