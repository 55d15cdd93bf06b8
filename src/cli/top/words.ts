/** Times and numbers as `saltgate top` says them: short, and of the same width as long as they are of the same size. */

/** `0.4 ms`, `12 ms`, `3.2 s`, `4m05`, `3h12`, `2d04h` */
export function duration(ms: number): string {
  if (ms < 9.95) return `${Math.max(0, ms).toFixed(1)} ms`
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${two(Math.floor((seconds % 3600) / 60))}`
  return `${Math.floor(seconds / 86_400)}d${two(Math.floor((seconds % 86_400) / 3600))}h`
}

/** The same of what is long: `4 s`, `4m05`. */
export function age(ms: number): string {
  return ms < 59_950 ? `${Math.max(0, Math.floor(ms / 1000))} s` : duration(ms)
}

/** How long ago; `-` for never. Both of the server's clock, ms. */
export function ago(atMs: number | null, nowMs: number): string {
  if (atMs === null) return '-'
  return nowMs - atMs < 1000 ? 'now' : `${age(nowMs - atMs)} ago`
}

/** `0.3`, `12`, `1.2k` */
export function amount(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)}M`
  if (value >= 10_000) return `${(value / 1000).toFixed(1)}k`
  return value >= 9.95 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1)
}

/** An upper bound of a bucket: `0.01ms`, `25ms`, `2.5s`. */
export function bound(ms: number): string {
  return ms < 1000 ? `${ms}ms` : `${ms / 1000}s`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
