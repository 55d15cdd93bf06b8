/** When something happened, short: how long ago, or the date; the whole time is its title. */
import { live } from '../live/live.ts'
import { day, elapsed, stamp } from './format.ts'

export function When({ atMs }: { readonly atMs: number }) {
  const agoMs = live.nowMs() - atMs
  return (
    <time title={stamp(atMs)} dateTime={new Date(atMs).toISOString()}>
      {agoMs > 86_400_000 ? day(atMs) : `${elapsed(agoMs)} ago`}
    </time>
  )
}
