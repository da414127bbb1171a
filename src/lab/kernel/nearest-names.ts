/** Finds the names that a mistyped one probably meant, for error messages. */

/** Up to `limit` of `names`: those that contain it or are contained in it first, then those fewest edits away. */
export function nearestNames(name: string, names: Iterable<string>, limit = 3): string[] {
  const scored: { name: string; distance: number }[] = []
  for (const candidate of names) {
    const related = candidate.includes(name) || name.includes(candidate)
    const distance = related
      ? Math.abs(candidate.length - name.length) / 100
      : editDistance(name, candidate, Math.ceil(name.length / 2))
    if (distance <= name.length / 2) scored.push({ name: candidate, distance })
  }
  scored.sort((a, b) => a.distance - b.distance || a.name.localeCompare(b.name))
  return scored.slice(0, limit).map(one => one.name)
}

/** Levenshtein's distance, given up at more than `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const substituted = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(substituted, previous[column]! + 1, current[column - 1]! + 1))
    }
    if (Math.min(...current) > limit) return limit + 1
    previous = current
  }
  return previous[b.length]!
}
