/** Versions, compared as numbers: 1.10 comes after 1.9. */

/** Whether `version` is before `other`; what stands behind the numbers (`-rc1`, `.post2`) is not looked at. */
export function isBefore(version: string, other: string): boolean {
  const left = numbers(version)
  const right = numbers(other)
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

function numbers(version: string): readonly number[] {
  return (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? '0').split('.').map(Number)
}
