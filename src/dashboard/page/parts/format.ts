/** Times and numbers for people: each with its unit, wall clock times in the time zone of the viewer. */

/** `0.42 ms`, `412 ms`, `12.3 s`, `4 min 12 s`, `3 h 5 min`, `12 d 3 h`. */
export function duration(ms: number): string {
  if (ms < 0) return '0 ms'
  if (ms < 10) return `${ms.toFixed(ms < 1 ? 3 : 2)} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  const hours = Math.floor(minutes / 60)
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** A time that goes on, and is told once a second: `9 s`, `4 min 12 s`. */
export function elapsed(ms: number): string {
  return ms < 60_000 ? `${Math.max(0, Math.floor(ms / 1000))} s` : duration(ms)
}

/** The same where there is little room: `9 s`, `4 min`, `3 h`. */
export function brief(ms: number): string {
  if (ms < 60_000) return elapsed(ms)
  return ms < 3_600_000 ? `${Math.floor(ms / 60_000)} min` : `${Math.floor(ms / 3_600_000)} h`
}

/** `17:03:22` */
export function clock(atMs: number): string {
  const at = new Date(atMs)
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

/** `2026-11-20` */
export function day(atMs: number): string {
  const at = new Date(atMs)
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
}

/** `2026-11-20 17:03:22` */
export function stamp(atMs: number): string {
  return `${day(atMs)} ${clock(atMs)}`
}

export function timeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** `12,345` */
export function count(value: number): string {
  return whole.format(value)
}

/** `0.03`, `4.2`, `1,204`: rates and averages. */
export function amount(value: number): string {
  if (value === 0) return '0'
  if (value < 0.01) return '< 0.01'
  if (value < 0.1) return value.toFixed(2)
  return value < 100 ? String(Number(value.toFixed(1))) : whole.format(Math.round(value))
}

/** `1 group`, `24 groups`. */
export function several(value: number, what: string): string {
  return `${count(value)} ${what}${value === 1 ? '' : 's'}`
}

/** `38 times`, `once`, `twice`. */
export function times(value: number): string {
  if (value === 1) return 'once'
  return value === 2 ? 'twice' : `${count(value)} times`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

const whole = new Intl.NumberFormat('en')
