import assert from 'node:assert/strict'
import { test } from 'node:test'
import { framesOf, type TraceEvent } from './frames.ts'

const main = { pid: 1, tid: 1 }
const commit = (ts: number): TraceEvent => ({ ...main, name: 'BeginCommitCompositorFrame', ph: 'I', ts })
const lasting = (name: string, ts: number, dur: number, tdur = dur): TraceEvent => {
  return { ...main, name, ph: 'X', ts, dur, tdur }
}

test('adds up for each frame what began since the frame before, and counts nothing twice', () => {
  const { frames } = framesOf([
    commit(0),
    lasting('RunTask', 1000, 5000, 4000),
    lasting('FunctionCall', 1500, 500),
    lasting('FireAnimationFrame', 1500, 2000, 1000),
    lasting('FunctionCall', 1600, 1000),
    lasting('TimerFire', 4000, 1000),
    commit(16_000),
    lasting('Layout', 17_000, 3000),
    commit(32_000),
    lasting('FunctionCall', 33_000, 9000),
  ])
  assert.deepEqual(frames, [
    { intervalMs: 16, scriptMs: 3, scriptCpuMs: 2, workMs: 5, workCpuMs: 4 },
    { intervalMs: 16, scriptMs: 0, scriptCpuMs: 0, workMs: 0, workCpuMs: 0 },
  ])
})

test('looks at the thread that draws, and names its long tasks', () => {
  const other = { ...lasting('RunTask', 0, 90_000), tid: 2 }
  const { frames, longTasks } = framesOf([other, commit(0), lasting('RunTask', 10, 60_000, 20_000), commit(70_000)])
  assert.equal(frames.length, 1)
  assert.deepEqual(longTasks, [[60, 20]])
})
