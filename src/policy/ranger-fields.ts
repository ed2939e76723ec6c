import type { Problem } from '../errors.ts'
import type { Path } from '../pipeline/mask/inside/path.ts'
import { policyProblem } from './policy-problem.ts'
import { rangerPolicyName } from './ranger-document.ts'
import { serviceDialect } from './ranger-mask.ts'
import type { RangerService } from './ranger-services.ts'
import { tableMap } from './ranger-tables.ts'
import type { RangerPolicy } from './ranger/policy.ts'
import { readSelector } from './selector.ts'

/** A part of a column as a policy writes it. */
export interface WrittenPart {
  readonly written: string
  readonly column: string | null
  readonly path: Path
  readonly isGuess: boolean
}

/** Ranger compares such a value with a field's name, and a row has no column of that name. */
const isPath = (value: string): boolean => /[.$[]/.test(value) && !/[{]/.test(value)

/** Values that name a column, or a part of one, by a path: `after.email`, `$.email`, `address.city`. */
function pathsIn({ policyType, resourceSets }: RangerPolicy, column: string | null): readonly string[] {
  if (policyType !== 1 || column === null) return []
  return resourceSets.flatMap(set => {
    const resource = set.get(column)
    // What a policy excludes by a path is hidden with all else.
    return resource === undefined || resource.isExcludes ? [] : resource.values.filter(isPath)
  })
}

/** As policies may spell a column. */
const prefixes = [
  'after.',
  'before.',
  'key.',
  'payload.after.',
  'payload.before.',
  'payload.',
  '$.',
  '$.after.',
  '$.before.',
]

/** How a column would stand in these values. */
export function spellingsIn(values: readonly string[]): (column: string) => readonly string[] {
  const used = prefixes.filter(prefix => values.some(value => value.startsWith(prefix)))
  const isQuoted = values.some(value => value.startsWith("$['"))
  return column => [...used.map(prefix => prefix + column), ...(isQuoted ? [`$['${column}']`] : [])]
}

/** The parts of columns that these values name. */
export const partsIn = (values: readonly string[]): readonly WrittenPart[] =>
  [...new Set(values)].flatMap(written => {
    const read = readSelector(written)
    if ('problem' in read) return []
    return read.targets.flatMap(({ column, inside, isGuess }) =>
      inside === null ? [] : [{ written, column, path: inside, isGuess }],
    )
  })

/** The columns that these values name as a whole, letter by letter. */
export const columnsIn = (values: readonly string[]): readonly string[] =>
  values.flatMap(written => {
    const read = readSelector(written)
    if ('problem' in read) return []
    return read.targets.flatMap(({ column, inside, isGuess }) =>
      inside === null && column !== null && !isGuess && !/[*?]/.test(column) ? [column] : [],
    )
  })

/** Each is asked for in each topic, as what it says may differ. */
const MAX_PATHS = 2_000

/** The paths of each policy that has some; null: there are too many. */
export function pathsOf(
  policies: readonly RangerPolicy[],
  column: string | null,
): ReadonlyMap<RangerPolicy, readonly string[]> | null {
  const paths = policies
    .map(policy => [policy, pathsIn(policy, column)] as const)
    .filter(([, found]) => found.length > 0)
  return paths.reduce((sum, [, found]) => sum + found.length, 0) > MAX_PATHS ? null : new Map(paths)
}

/** Paths that cannot be followed would hide nothing. Other services have no paths: a dot in a name is one there. */
export function fieldProblems({ name: service, serviceDef, policies }: RangerService): Problem[] {
  const column = tableMap(serviceDef)?.column ?? null
  if (pathsOf(policies, column) === null)
    return [policyProblem('POLICY_SHAPE', service, '', 'too many rules on parts of columns')]
  const dialect = serviceDialect(serviceDef.name)
  if (dialect !== 'scrim' && dialect !== 'text') return []
  return policies.flatMap(policy =>
    pathsIn(policy, column).flatMap(value => {
      const fault = faultOf(value, policy, dialect === 'text')
      const name = rangerPolicyName(policy.service, policy.zoneName, policy.name)
      return fault === null ? [] : [policyProblem('POLICY_SELECTOR', name, `resources.${column}`, fault)]
    }),
  )
}

/** `isText`: CUSTOM is a plain text there, not an expression. */
function faultOf(value: string, { masks }: RangerPolicy, isText: boolean): string | null {
  const read = readSelector(value)
  if ('problem' in read) return read.problem
  if (!value.startsWith('$') && (/\?/.test(value) || /[^.[]\*|\*[^.\]]/.test(value)) && !isOfWholeColumn(value))
    return 'a pattern within a name cannot stand in a path'
  const isCustom = !isText && masks.some(({ mask }) => mask?.maskType.toUpperCase() === 'CUSTOM')
  return isCustom && partsIn([value]).some(({ isGuess }) => !isGuess) ? 'an expression is for one column' : null
}

/** `after.e*`: what is asked for is spelt so too. */
const isOfWholeColumn = (value: string): boolean =>
  prefixes.some(prefix => value.startsWith(prefix) && !/[.[]/.test(value.slice(prefix.length)))
