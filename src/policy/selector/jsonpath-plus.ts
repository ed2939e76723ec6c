import { namePick, type Path, type Pick, type Step } from '../../pipeline/mask/inside/path.ts'
import { readScriptFilter } from './script-filter.ts'
import { unfit } from './unfit.ts'

/**
 * Reads the dialect of jsonpath-plus (Goessner's) for expressions that people bring along. Ours is the smaller grammar:
 * the library takes anything for a path and evaluates scripts, so it is not asked; the tests hold the two together.
 * Refused beside what is broken: `~` (a name is no value), `@string()` and the like, backticks, `[(script)]`, and in
 * filters whatever is more than members, literals and comparisons.
 */
export function readJsonPathPlus(text: string): Path {
  const steps: Step[] = []
  if (!text.startsWith('$')) return unfit('does not begin with $', 1)
  for (let at = 1; at < text.length; ) {
    if (text[at] === '^') {
      steps.push({ kind: 'parent' })
      at++
      continue
    }
    const isDescendant = text.startsWith('..', at)
    if (isDescendant) at += 2
    else if (text[at] === '.') at++
    else if (text[at] !== '[') return refuse(text, at)
    const { picks, end } = text[at] === '[' ? brackets(text, at) : plain(text, at)
    steps.push({ kind: isDescendant ? 'descendant' : 'child', picks })
    at = end
  }
  return steps
}

interface Read {
  readonly picks: readonly Pick[]
  readonly end: number
}

const plainName = /[\p{L}\p{M}\p{N}_$-]+/uy

function plain(text: string, at: number): Read {
  if (text[at] === '*') return { picks: [{ kind: 'any' }], end: at + 1 }
  plainName.lastIndex = at
  const name = plainName.exec(text)?.[0]
  return name === undefined ? refuse(text, at) : { picks: named(name), end: at + name.length }
}

const slice = /\[(-?\d{1,9})?:(-?\d{1,9})?(?::([1-9]\d{0,8})?)?\]/y
const list =
  /\[((?:[\p{L}\p{M}\p{N}_$-]+|'[^'"`[\]\\~^;%#@(),.]+'|"[^'"`[\]\\~^;%#@(),.]+")(?:,(?:[\p{L}\p{M}\p{N}_$-]+|'[^'"`[\]\\~^;%#@(),.]+'|"[^'"`[\]\\~^;%#@(),.]+"))*)\]/uy

function brackets(text: string, at: number): Read {
  if (text.startsWith('[*]', at)) return { picks: [{ kind: 'any' }], end: at + 3 }
  if (text.startsWith('[?(', at)) {
    const { test, end } = readScriptFilter(text, at + 3)
    if (!text.startsWith(')]', end)) return unfit('has a filter that is not offered', end + 1)
    return { picks: [{ kind: 'filter', test }], end: end + 2 }
  }
  slice.lastIndex = at
  const range = slice.exec(text)
  if (range !== null) {
    const [whole, start, stop, step] = range
    return {
      picks: [{ kind: 'slice', start: wholeOf(start), stop: wholeOf(stop), step: Number(step ?? 1) }],
      end: at + whole.length,
    }
  }
  list.lastIndex = at
  const names = list.exec(text)
  if (names === null) return refuse(text, at)
  const [whole, inner = ''] = names
  return {
    picks: inner.split(',').flatMap(name => named(name.replace(/^(['"])(.*)\1$/u, '$2'))),
    end: at + whole.length,
  }
}

const wholeOf = (digits: string | undefined): number | null => (digits === undefined ? null : Number(digits))

/** The dialect has no indexes of their own: `0` names the first element and a member `0` alike. */
function named(name: string): Pick[] {
  if (/^-\d+$/.test(name)) return unfit('has a negative index, which selects nothing in this dialect')
  const asName = namePick(name)
  return /^(?:0|[1-9]\d{0,8})$/.test(name) ? [{ kind: 'index', index: Number(name) }, asName] : [asName]
}

function refuse(text: string, at: number): never {
  const why = text[at] === '~' ? 'selects a name, which is no value' : 'has what is not offered in this dialect'
  return unfit(why, at + 1)
}
