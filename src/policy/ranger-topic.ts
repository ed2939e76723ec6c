import type { Problem } from '../errors.ts'
import type { ColumnRule, KeyRing, RowFilter } from '../pipeline/plan.ts'
import { drop } from '../pipeline/mask/types/drop.ts'
import { createItemRules, policyLabel } from './ranger-rules.ts'
import { type OwnOptions, ownOptions } from './ranger-own.ts'
import type { RangerService } from './ranger-services.ts'
import { literalColumns, namesColumns, namesLiterally, spellsColumns } from './ranger-names.ts'
import { readingAccess, tableMap } from './ranger-tables.ts'
import type { Decision } from './ranger/engine.ts'
import type { RangerPolicy } from './ranger/policy.ts'
import { hierarchyIndex, type PolicyMatcher, policyMatcher } from './ranger/policy-matcher.ts'
import { noScopes, type RangerRequest } from './ranger/request.ts'
import type { TraceReason } from './ranger/trace.ts'
import type { MatchContext } from './ranger/value-matcher.ts'
import { PUBLIC, type Profile } from './view.ts'

/** A rule that a service's policies come to. */
export interface FoundRule {
  readonly rule: ColumnRule
  readonly priority: number
  /** The policy names the column as it is spelt, so it may leave it in clear. */
  readonly isLiteral: boolean
}

/** What a service's policies say of one topic to the readers of one profile. */
export interface ServiceTopic {
  /** Do policies that mask or filter, and are meant for these readers, name it? */
  readonly isNamed: boolean
  /** May they read it, as far as this service is asked? Where it has no access policy for the topic, it is not. */
  readonly isReadable: boolean
  /** The columns that policies name, as they are spelt there. */
  readonly columns: readonly string[]
  /** Those of policies that name the table letter by letter too. */
  readonly ownColumns: readonly string[]
  readonly ruleOf: (column: string) => FoundRule | null
  /** May there be a rule for a column that no policy names as it is spelt? */
  readonly hasPatterns: boolean
  /** Why each item of each policy has a part in what becomes of the column, or has none. */
  readonly trace: (column: string) => readonly TracedItem[]
  /** A filter of null is one that says: all rows. */
  readonly filter: { readonly rowFilter: RowFilter | null; readonly priority: number } | null
  /** What policies for these readers say in options of our own. */
  readonly options: readonly Pick<OwnOptions, 'unknownColumns' | 'toast'>[]
}

export interface TracedItem {
  readonly policy: string
  /** Null: it is about the policy as a whole. */
  readonly item: number | null
  readonly mask: string | null
  readonly reason: TraceReason
  readonly by: string | null
}

/** A service, ready to be asked of topics. */
export interface ServiceRules {
  readonly name: string
  /** Faults of masks; those of the policies themselves are the service's. */
  readonly problems: readonly Problem[]
  readonly of: (topic: string, profile: Profile, now: number) => ServiceTopic | null
  readonly nextChange: (now: number) => number | null
}

interface Named {
  readonly policy: RangerPolicy
  readonly matchers: readonly PolicyMatcher[]
}

export function createServiceRules(service: RangerService, keys: KeyRing): ServiceRules {
  const { serviceDef, engine } = service
  const rules = createItemRules(service, keys)
  const tables = tableMap(serviceDef)
  const hierarchies = hierarchyIndex(serviceDef)
  const named = service.policies
    .filter(({ serviceType }) => serviceType !== 'tag')
    .map(
      (policy): Named => ({
        policy,
        matchers: policy.resourceSets.map(set => policyMatcher(set, hierarchies[policy.policyType])),
      }),
    )
  // A thousand policies are looked through once for a topic, however many views there are.
  const concerned = memo((topic: string): readonly Named[] => {
    const elements = tables?.elementsOf(topic) ?? null
    return elements === null ? [] : named.filter(({ matchers }) => matchers.some(one => mayMatch(one, elements)))
  })

  return {
    name: service.name,
    problems: rules.problems,
    nextChange: engine.nextChange,
    of: (topic, profile, now) => {
      const elements = tables?.elementsOf(topic) ?? null
      if (tables === null || elements === null || concerned(topic).length === 0) return null
      const base = requestOf(service, profile, now)
      const table: RangerRequest = { ...base, elements, resourceScope: 'SELF_OR_DESCENDANTS' }
      const ofColumn = (column: string): RangerRequest => ({
        ...base,
        elements: new Map([...elements, [tables.column ?? '', column]]),
      })
      const hiding = concerned(topic).filter(
        ({ policy, matchers }) =>
          policy.policyType !== 0 &&
          isMeantFor(policy, base) &&
          (!matchers.some(({ isDynamic }) => isDynamic) || decides(engine.evaluate(policy.policyType, table))),
      )
      const governing = concerned(topic).filter(({ policy }) => policy.policyType === 0)
      const governsColumns = governing.some(({ policy }) => namesColumns(policy, tables))
      const literal = new Map(
        hiding.map(({ policy }) => [policyLabel(policy), new Set(literalColumns(policy, tables))]),
      )
      const ruleOf = (column: string): FoundRule | null => {
        if (tables.column === null) return null
        if (governsColumns && !engine.evaluate(0, ofColumn(column)).isAllowed) return taken(service.name)
        const decision = engine.evaluate(1, ofColumn(column))
        if (decision.faults.length > 0) return undecided(service.name, decision.faults)
        const found = sourceOf(decision, 1, service.policies)
        if (found === null || decision.mask === null) return null
        const { policy, item } = found
        const rule = rules.mask(policy, item, { user: base.user, placeholders: decision.mask.placeholders })
        if (rule === null) return undecided(service.name, [policyLabel(policy)])
        const isLiteral = literal.get(policyLabel(policy))?.has(column) ?? false
        return { rule, priority: policy.priority, isLiteral }
      }
      const filtering = serviceDef.rowFilter === null ? null : engine.evaluate(2, { ...base, elements })
      const filtered = filtering === null ? null : sourceOf(filtering, 2, service.policies)
      const rowFilter =
        filtered === null || filtering?.filter == null
          ? null
          : rules.filter(filtered.policy, filtered.item, {
              user: base.user,
              placeholders: filtering.filter.placeholders,
            })
      const isUndecided =
        filtering !== null &&
        (filtering.faults.length > 0 ||
          (filtering.filter !== null && filtering.filter.filterExpr.trim() !== '' && rowFilter === null))
      return {
        isNamed: hiding.length > 0,
        isReadable: governing.length === 0 || engine.evaluate(0, table).isAllowed,
        ownColumns: hiding
          .filter(({ policy }) => namesLiterally(policy, elements))
          .flatMap(({ policy }) => literalColumns(policy, tables)),
        columns: [...new Set([...literal.values()].flatMap(names => [...names]))],
        trace: column =>
          tables.column === null ? [] : traceOf(engine.evaluate(1, ofColumn(column), { trace: true }), service),
        ruleOf: isUndecided ? () => undecided(service.name, filtering?.faults ?? []) : memo(ruleOf),
        filter: filtered === null ? null : { rowFilter, priority: filtered.policy.priority },
        hasPatterns:
          isUndecided || governsColumns || !hiding.every(({ policy }) => spellsColumns(policy, service, tables)),
        options: hiding.map(({ policy }) => ownOptions(policy)),
      }
    },
  }
}

const noContext: MatchContext = { tokens: new Map(), resolve: text => text }

/** Something of the table is meant, or may be for some reader. */
const mayMatch = (matcher: PolicyMatcher, elements: ReadonlyMap<string, string>): boolean =>
  matcher.isDynamic || matcher.match(elements, noScopes, noContext) !== 'NONE'

const decides = ({ mask, filter, faults }: Decision): boolean => mask !== null || filter !== null || faults.length > 0

/** Is some item of a mask or filter policy for the readers of the request? Conditions and times are another question. */
const isMeantFor = (
  { masks, filters }: RangerPolicy,
  { user, groups = [], roles = [] }: Omit<RangerRequest, 'elements'>,
): boolean =>
  [...masks, ...filters].some(
    item =>
      item.users.some(name => name === user || name === '{USER}') ||
      item.groups.some(name => name === PUBLIC || groups.includes(name)) ||
      item.roles.some(name => roles.includes(name)),
  )

/** The readers may not see the column, so it leaves the view. */
const taken = (service: string): FoundRule => ({
  rule: { maskType: drop, params: {}, custom: null, policy: service, path: 'access policies' },
  priority: Number.POSITIVE_INFINITY,
  isLiteral: false,
})

/** Whether a policy applies cannot be told, as where an attribute has no value: the topic waits. */
const undecided = (service: string, faults: readonly string[]): FoundRule => ({
  rule: {
    maskType: {
      ...drop,
      effect: 'rewrite',
      typeless: true,
      bind: () => ({ code: 'POLICY_CONDITION', detail: faults.join(', ') }),
    },
    params: {},
    custom: null,
    policy: service,
    path: 'conditions',
  },
  priority: Number.POSITIVE_INFINITY,
  isLiteral: false,
})

function requestOf(
  { serviceDef, roles, users }: RangerService,
  profile: Profile,
  now: number,
): Omit<RangerRequest, 'elements'> {
  const user = profile.user ?? ''
  const groups = [...new Set([...profile.groups, ...(users.groupsOfUsers.get(user) ?? [])])]
  return {
    accessType: readingAccess(serviceDef),
    user,
    groups,
    roles: rolesOfProfile(roles, user, groups, profile.roles),
    attributes: new Map([
      ...(users.users.get(user) ?? []),
      ...Object.entries(profile.attributes).map(([name, value]): [string, string] => [name, [value].flat().join(',')]),
    ]),
    accessTime: now,
  }
}

/** Those given, those of the user and the groups, and all that contain one of them. */
function rolesOfProfile(
  roles: RangerService['roles'],
  user: string,
  groups: readonly string[],
  given: ReadonlySet<string>,
): readonly string[] {
  const had = new Set(given)
  for (let before = -1; before < had.size; ) {
    before = had.size
    for (const role of roles) {
      const isHad =
        role.users.includes(user) ||
        role.groups.some(group => groups.includes(group)) ||
        role.roles.some(one => had.has(one))
      if (isHad) had.add(role.name)
    }
  }
  return [...had].sort()
}

function traceOf({ trace }: Decision, { policies, name: service }: RangerService): readonly TracedItem[] {
  return (trace ?? []).map(({ policy: name, policyId, itemIndex: item, reason, by }) => {
    const policy = policies.find(one => one.name === name && one.id === policyId && one.policyType === 1)
    return {
      policy: policy === undefined ? `${service}:${name}` : policyLabel(policy),
      item,
      mask: item === null ? null : (policy?.masks[item]?.mask?.maskType ?? null),
      reason,
      by,
    }
  })
}

/** Where a decision comes from; null where there is none. */
function sourceOf(
  { source }: Decision,
  type: 1 | 2,
  policies: readonly RangerPolicy[],
): { readonly policy: RangerPolicy; readonly item: number } | null {
  if (source === null || source.itemIndex === null) return null
  const { itemIndex: item, policyName, policyId } = source
  const policy = policies.find(
    one => one.name === policyName && one.id === policyId && one.policyType === type && item < itemsOf(one).length,
  )
  return policy === undefined ? null : { policy, item }
}

const itemsOf = ({ masks, filters }: RangerPolicy): readonly unknown[] => [...masks, ...filters]

function memo<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>()
  return key => {
    const known = made.get(key)
    if (known !== undefined || made.has(key)) return known as T
    const value = make(key)
    made.set(key, value)
    return value
  }
}
