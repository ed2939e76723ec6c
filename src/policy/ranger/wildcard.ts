/**
 * Whether the whole text has the form of the pattern: `*` is any number of characters, dots and slashes too, `?` is one.
 * Two cursors and one place to go back to: linear in practice, never exponential, whatever the pattern.
 */
export function wildcardMatches(text: string, pattern: string): boolean {
  let at = 0
  let p = 0
  let star = -1
  let resume = 0
  while (at < text.length) {
    const wanted = pattern[p]
    if (wanted === '*') {
      star = p++
      resume = at
    } else if (wanted === '?' || wanted === text[at]) {
      at++
      p++
    } else if (star >= 0) {
      p = star + 1
      at = ++resume
    } else return false
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/**
 * Whether some text that begins with `start` has the form of the pattern. As in Ranger, whose prefix requests ask for
 * what lies below, a start that goes on beyond a whole match will do too.
 */
export function wildcardMayBegin(start: string, pattern: string): boolean {
  // The set of places in the pattern that may be reached after each character.
  let places = reach(new Set([0]), pattern)
  for (const char of start) {
    if (places.has(pattern.length)) return true
    const next = new Set<number>()
    for (const place of places) {
      if (pattern[place] === '*') next.add(place)
      else if (pattern[place] === '?' || pattern[place] === char) next.add(place + 1)
    }
    if (next.size === 0) return false
    places = reach(next, pattern)
  }
  return true
}

/** A star may stand for nothing. */
function reach(places: ReadonlySet<number>, pattern: string): ReadonlySet<number> {
  const all = new Set(places)
  for (const place of all) if (pattern[place] === '*') all.add(place + 1)
  return all
}
