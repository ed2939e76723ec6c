import { unitsAt } from './text.ts'

/** Matches one text; null: too much work, so it is not decided. */
export type LikeMatcher = (text: string) => boolean | null

/** A run between two `%`: texts, and `null` for each `_`. */
type Run = readonly (string | null)[]

/** Steps that one match may take before it is left undecided. Without `_` the search is the engine's own and takes few. */
const MAX_STEPS = 20_000_000

/**
 * LIKE by runs between `%`, each looked for once, from left to right: the leftmost place is as good as any later one, so
 * nothing is ever tried again. Null where the pattern ends in its escape character.
 */
export function likeMatcher(pattern: string, escapeSign: string | null): LikeMatcher | null {
  const runs = readPattern(pattern, escapeSign)
  if (runs === null) return null
  const first = runs[0] as Run
  const last = runs.at(-1) as Run
  if (runs.length === 1) return text => matchesAt(text, 0, first) === text.length
  const middle = runs.slice(1, -1).filter(run => run.length > 0)
  return text => {
    let at = matchesAt(text, 0, first)
    if (at < 0) return false
    const steps = { left: MAX_STEPS }
    for (const run of middle) {
      at = find(text, at, run, steps)
      if (steps.left < 0) return null
      if (at < 0) return false
    }
    const start = startOfLast(text, last)
    return start >= at && matchesAt(text, start, last) === text.length
  }
}

function readPattern(pattern: string, escapeSign: string | null): Run[] | null {
  const runs: Run[] = []
  let run: (string | null)[] = []
  let literal = ''
  const endLiteral = (): void => {
    if (literal !== '') run.push(literal)
    literal = ''
  }
  for (let i = 0; i < pattern.length; ) {
    const sign = pattern.slice(i, i + unitsAt(pattern, i))
    i += sign.length
    if (sign === escapeSign) {
      const next = pattern.slice(i, i + unitsAt(pattern, i))
      if (next === '') return null
      literal += next
      i += next.length
    } else if (sign === '%' || sign === '_') {
      endLiteral()
      if (sign === '_') run.push(null)
      else {
        runs.push(run)
        run = []
      }
    } else literal += sign
  }
  endLiteral()
  return [...runs, run]
}

/** The position after the run, which stands at `at`; -1 where it does not. */
function matchesAt(text: string, at: number, run: Run): number {
  for (const part of run) {
    if (part === null) {
      if (at >= text.length) return -1
      at += unitsAt(text, at)
    } else {
      if (!text.startsWith(part, at)) return -1
      at += part.length
    }
  }
  return at
}

/** The position after the first place of the run at or after `at`; -1 where there is none. */
function find(text: string, at: number, run: Run, steps: { left: number }): number {
  const [only] = run
  if (run.length === 1 && typeof only === 'string') {
    const found = text.indexOf(only, at)
    return found < 0 ? -1 : found + only.length
  }
  const cost = run.reduce((sum, part) => sum + (part?.length ?? 1), 0)
  for (let i = at; i <= text.length; i += i < text.length ? unitsAt(text, i) : 1) {
    steps.left -= cost
    if (steps.left < 0) return -1
    const after = matchesAt(text, i, run)
    if (after >= 0) return after
  }
  return -1
}

/** Where a run has to begin to end with the text: it has a fixed number of characters. */
function startOfLast(text: string, run: Run): number {
  let at = text.length
  for (let n = run.length - 1; n >= 0; n--) {
    const part = run[n] as string | null
    if (part !== null) at -= part.length
    else at -= at >= 2 && unitsAt(text, at - 2) === 2 ? 2 : 1
  }
  return at
}
