import type { ErrorCode, Problem } from '../../errors.ts'
import { policyProblem } from '../policy-problem.ts'

/** More entries than any real list has; what is beyond is a mistake or an attack. */
const MAX_ENTRIES = 100_000
/** For each that begins the rest of the text is looked through for its end. */
const MAX_EXPRESSIONS = 50

/**
 * Reads the members of JSON that others wrote. A member that is absent or null takes its default; one of a wrong type is
 * a problem and takes its default too. Names of users and resources stay in lists and Maps, so none reaches a prototype.
 */
export interface Members {
  readonly has: (name: string) => boolean
  readonly raw: (name: string) => unknown
  readonly text: (name: string) => string | null
  readonly flag: (name: string, absent: boolean) => boolean
  readonly whole: (name: string) => number | null
  readonly texts: (name: string) => readonly string[]
  readonly object: (name: string) => Members | null
  readonly objects: (name: string) => readonly Members[]
  /** The members of an object that serves as a map. */
  readonly entries: (name: string) => readonly (readonly [name: string, value: unknown])[]
  readonly problem: (code: ErrorCode, detail: string, name?: string) => void
  readonly path: string
  /** The names of all members. */
  readonly names: readonly string[]
}

/** Where problems go, and of whom they speak. */
export interface Findings {
  readonly problems: Problem[]
  readonly policy: string
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function membersOf(value: unknown, findings: Findings, path = ''): Members | null {
  if (!isObject(value)) {
    findings.problems.push(policyProblem('POLICY_SHAPE', findings.policy, path, 'an object is expected'))
    return null
  }
  const at = (name?: string): string => [path, name].filter(part => part !== undefined && part !== '').join('.')
  const problem: Members['problem'] = (code, detail, name) => {
    findings.problems.push(policyProblem(code, findings.policy, at(name), detail))
  }
  const raw = (name: string): unknown => (Object.hasOwn(value, name) ? (value[name] ?? undefined) : undefined)
  const wrong = (name: string, what: string): null => {
    problem('POLICY_SHAPE', `${what} is expected`, name)
    return null
  }
  const list = (name: string): readonly unknown[] => {
    const found = raw(name)
    if (found === undefined) return []
    if (!Array.isArray(found)) return wrong(name, 'a list') ?? []
    return found.length > MAX_ENTRIES ? (wrong(name, `a list of at most ${MAX_ENTRIES}`) ?? []) : found
  }
  const text = (name: string): string | null => {
    const found = raw(name)
    if (found === undefined) return null
    if (typeof found !== 'string') return wrong(name, 'a text')
    return isOverfull(found) ? wrong(name, FEWER_EXPRESSIONS) : found
  }
  return {
    path,
    names: Object.keys(value),
    problem,
    raw,
    text,
    has: name => raw(name) !== undefined,
    flag: (name, absent) => {
      const found = raw(name)
      if (found === undefined) return absent
      if (typeof found === 'boolean') return found
      // Ranger's own files have options and flags in quotes.
      if (found === 'true' || found === 'false') return found === 'true'
      wrong(name, 'true or false')
      return absent
    },
    whole: name => {
      const found = raw(name)
      if (found === undefined) return null
      if (typeof found === 'string' && /^-?\d{1,15}$/.test(found)) return Number(found)
      return typeof found === 'number' && Number.isSafeInteger(found) ? found : wrong(name, 'a whole number')
    },
    texts: name =>
      list(name).flatMap((entry, index) => {
        if (entry === null) return []
        const isText = typeof entry === 'string'
        if (isText && !isOverfull(entry)) return [entry]
        return wrong(`${name}[${index}]`, isText ? FEWER_EXPRESSIONS : 'a text') ?? []
      }),
    object: name => (raw(name) === undefined ? null : membersOf(raw(name), findings, at(name))),
    objects: name =>
      list(name).flatMap((entry, index) => {
        if (entry === null) return []
        return membersOf(entry, findings, at(`${name}[${index}]`)) ?? []
      }),
    entries: name => {
      const found = raw(name)
      if (found === undefined) return []
      return isObject(found) ? Object.entries(found) : (wrong(name, 'an object') ?? [])
    },
  }
}

const FEWER_EXPRESSIONS = `a text with at most ${MAX_EXPRESSIONS} expressions`

const isOverfull = (text: string): boolean => text.split('${{', MAX_EXPRESSIONS + 2).length > MAX_EXPRESSIONS + 1

/** The members of an object as texts, each as JSON says it; used for options, which Ranger keeps as texts. */
export function textMap(members: Members, name: string): ReadonlyMap<string, string> {
  return new Map(
    members.entries(name).flatMap(([key, value]): (readonly [string, string])[] => {
      if (value === null || value === undefined) return []
      if (typeof value === 'string') return [[key, value]]
      return typeof value === 'number' || typeof value === 'boolean' ? [[key, String(value)]] : []
    }),
  )
}
