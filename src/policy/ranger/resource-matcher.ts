import type { PolicyResource } from './policy.ts'
import type { ResourceDef } from './service-def.ts'
import { tokenSigns } from './tokens.ts'
import { type MatchContext, type ValueMatcher, type ValueOptions, valueMatcher } from './value-matcher.ts'

/** The value of one element of the requested resource. */
export type ElementValue = string | readonly string[] | null

/** How far around the element a request reaches. */
export type ElementScope = 'SELF' | 'SELF_OR_CHILD' | 'SELF_OR_PREFIX'

/** One resource of a policy, such as its `topic`, against one element of a request. */
export interface ResourceMatcher {
  readonly isMatchAny: boolean
  readonly isDynamic: boolean
  readonly isExcludes: boolean
  /** All texts it matches, where they can be listed. */
  readonly literals: readonly string[] | null
  /** How the literals are to be compared. */
  readonly fold: (value: string) => string
  readonly values: readonly ValueMatcher[]
  readonly matches: (value: ElementValue, scope: ElementScope, context: MatchContext) => boolean
  /** Whether the policy says exactly this, not only covers it. */
  readonly isExactly: (value: string | null) => boolean
}

const option = (options: ReadonlyMap<string, string>, name: string, absent: boolean): boolean => {
  const text = options.get(name)
  return text === undefined || text === '' ? absent : text.toLowerCase() === 'true'
}

export function resourceMatcher(def: ResourceDef, resource: PolicyResource): ResourceMatcher {
  const options = def.matcherOptions
  const isPath = def.matcher === 'RangerPathResourceMatcher' || def.matcher === 'RangerURLResourceMatcher'
  const ignoreCase = option(options, 'ignoreCase', true)
  const valueOptions: ValueOptions = {
    ignoreCase,
    wildCard: option(options, 'wildCard', true),
    quoteChars: option(options, 'quotedCaseSensitive', false) ? (options.get('quoteChars') ?? '"') : '',
    replaceExpressions: option(options, 'replaceReqExpressions', true),
    signs: option(options, 'replaceTokens', true) ? tokenSigns(options) : null,
    separator: isPath ? (options.get('pathSeparatorChar')?.[0] ?? '/') : null,
    isRecursive: isPath && resource.isRecursive,
    isUrl: def.matcher === 'RangerURLResourceMatcher',
  }
  const written = resource.values.filter(value => value !== '')
  const all = written.map(value => valueMatcher(value, valueOptions))
  const isMatchAny = all.length === 0 || all.some(one => one.isMatchAny)
  const values = isMatchAny ? [] : all
  const literals = values.flatMap(({ literal }) => (literal === null ? [] : [literal]))
  const isListed = !isMatchAny && literals.length === values.length
  const listed = isListed ? new Set(literals) : null
  const fold = (value: string): string => (ignoreCase ? value.toLowerCase() : value)

  const one = (value: string, scope: ElementScope, context: MatchContext): boolean =>
    listed?.has(fold(value)) === true ||
    (listed === null && values.some(matcher => matcher.matches(value, context))) ||
    (scope === 'SELF_OR_PREFIX' && values.some(matcher => matcher.mayBegin(value, context))) ||
    (scope === 'SELF_OR_CHILD' && values.some(matcher => matcher.matchesChild(value, context)))
  const matches: ResourceMatcher['matches'] = (value, scope, context) => {
    const isAllRequested = value === null || value === '' || value === '*'
    const included =
      isMatchAny || (isAllRequested && (scope !== 'SELF_OR_PREFIX' || value === null))
        ? isMatchAny
        : typeof value === 'string'
          ? one(value, scope, context)
          : (value ?? []).some(entry => one(entry, scope, context))
    if (!resource.isExcludes) return included
    // Who asks for all values of a policy that names some is not thereby excluded.
    return isAllRequested && !isMatchAny ? included : !included
  }
  const isExactly = (value: string | null): boolean => {
    if (written.length === 0) return value === null || value === ''
    if (written.length > 1) return false
    const policyValue = written[0] ?? ''
    const isQuoted = value !== null && value !== '' && valueOptions.quoteChars.includes(value[0] ?? '')
    const same = isMatchAny
      ? value === null || /^\**$/.test(value)
      : value !== null && (isQuoted ? value === policyValue : fold(value) === fold(policyValue))
    return resource.isExcludes ? !same : same
  }
  return {
    isMatchAny,
    isDynamic: values.some(({ isDynamic }) => isDynamic),
    isExcludes: resource.isExcludes,
    literals: isListed && !resource.isExcludes ? literals : null,
    fold,
    values,
    matches,
    isExactly,
  }
}
