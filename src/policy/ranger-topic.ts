import type { Problem } from '../errors.ts'
import type { KeyRing, RowFilter } from '../pipeline/plan.ts'
import type { NestedRule } from './column-rules.ts'
import { fieldProblems, partsIn, pathsOf, spellingsIn } from './ranger-fields.ts'
import { requestOf } from './ranger-request.ts'
import { createItemRules, policyLabel } from './ranger-rules.ts'
import { type OwnOptions, ownOptions } from './ranger-own.ts'
import type { RangerService } from './ranger-services.ts'
import { taken, undecided } from './ranger-verdicts.ts'
import { type FoundRule, stronger } from './rule-strength.ts'
import { type TableMap, tableMap } from './ranger-tables.ts'
import { literalColumns, namesColumns, namesLiterally, spellsColumns } from './ranger-names.ts'
import type { Decision } from './ranger/engine.ts'
import type { RangerPolicy } from './ranger/policy.ts'
import { hierarchyIndex, type PolicyMatcher, policyMatcher } from './ranger/policy-matcher.ts'
import { noScopes, type RangerRequest } from './ranger/request.ts'
import type { TraceReason } from './ranger/trace.ts'
import type { MatchContext } from './ranger/value-matcher.ts'
import { PUBLIC, type Profile } from './view.ts'

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
  /** Of parts of columns. */
  readonly inside: readonly { readonly nested: NestedRule; readonly priority: number }[]
  /** Pairs of policies that decide otherwise of it at the same priority, the winner first. */
  readonly conflictsOf: (column: string) => readonly { readonly winner: string; readonly other: string }[]
  /** Masks and filters that name the topic, for whomever they are. */
  readonly policies: readonly { readonly name: string; readonly priority: number }[]
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
  /** Topics that policies name letter by letter, where one resource is the topic's name. */
  readonly literalTopics: readonly string[]
}

interface Named {
  readonly policy: RangerPolicy
  readonly matchers: readonly PolicyMatcher[]
}

export function createServiceRules(service: RangerService, keys: KeyRing): ServiceRules {
  const { serviceDef, engine } = service
  const rules = createItemRules(service, keys)
  const tables = tableMap(serviceDef)
  const paths = pathsOf(service.policies, tables?.column ?? null) ?? new Map<RangerPolicy, readonly string[]>()
  const hierarchies = hierarchyIndex(serviceDef)
  // Which tags a column bears is known when it is asked for, so with them every topic is concerned.
  const denies = service.hasTags && service.policies.some(policy => isTagPolicy(policy) && policy.policyType === 0)
  const named = service.policies
    .filter(policy => !isTagPolicy(policy))
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
    problems: [...rules.problems, ...fieldProblems(service)],
    nextChange: engine.nextChange,
    literalTopics: [
      ...new Set(named.flatMap(({ policy }) => (policy.policyType === 0 ? [] : literalTopics(policy, tables)))),
    ],
    of: (topic, profile, now) => {
      const elements = tables?.elementsOf(topic) ?? null
      if (tables === null || elements === null || (concerned(topic).length === 0 && !service.hasTags)) return null
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
        hiding.map(one => [
          policyLabel(one.policy),
          new Set(literalColumns(one.policy, tables, isOfTable(one, elements))),
        ]),
      )
      const written = hiding.flatMap(({ policy }) => paths.get(policy) ?? [])
      const spellingsOf = spellingsIn(written)
      const ruleOf = (column: string): FoundRule | null => {
        if (tables.column === null) return null
        if (governsColumns || denies) {
          const access = engine.evaluate(0, ofColumn(column))
          if (governsColumns ? !access.isAllowed : isDenied(access)) return taken(service.name)
        }
        const spelt = [column, ...spellingsOf(column)]
        const found = spelt.map(field => ruleFor(field, column)).filter(one => one !== null)
        return found.reduce<FoundRule | undefined>(stronger, undefined) ?? null
      }
      const ruleFor = (field: string, column: string): FoundRule | null => {
        const decision = engine.evaluate(1, ofColumn(field))
        if (decision.faults.length > 0) return undecided(service.name, decision.faults)
        const found = sourceOf(decision, 1, service.policies)
        if (found === null || decision.mask === null) return null
        const { policy, item } = found
        if (field !== column && !paths.has(policy)) return null
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
        isReadable: isReadable(governing.length > 0, denies, () => engine.evaluate(0, table)),
        ownColumns: hiding
          .filter(({ policy }) => namesLiterally(policy, elements))
          .flatMap(({ policy }) => [...(literal.get(policyLabel(policy)) ?? [])]),
        columns: [...new Set([...literal.values()].flatMap(names => [...names]))],
        policies: concerned(topic).map(({ policy }) => ({ name: policyLabel(policy), priority: policy.priority })),
        conflictsOf: column =>
          tables.column === null
            ? []
            : engine.conflicts(1, ofColumn(column)).map(({ winner, other }) => ({
                winner: `${service.name}:${winner}`,
                other: `${service.name}:${other}`,
              })),
        trace: column =>
          tables.column === null ? [] : traceOf(engine.evaluate(1, ofColumn(column), { trace: true }), service),
        inside: partsIn(written).flatMap(({ written: field, ...part }) => {
          const found = ruleFor(field, field)
          return found === null || found.rule.custom !== null
            ? []
            : [{ nested: { ...part, rule: found.rule }, priority: found.priority }]
        }),
        ruleOf: isUndecided ? () => undecided(service.name, filtering?.faults ?? []) : memo(ruleOf),
        filter: filtered === null ? null : { rowFilter, priority: filtered.policy.priority },
        hasPatterns:
          isUndecided ||
          governsColumns ||
          service.hasTags ||
          service.policies.some(({ zoneName }) => zoneName !== '') ||
          !hiding.every(({ policy }) => !paths.has(policy) && spellsColumns(policy, serviceDef, tables)),
        options: hiding.map(({ policy }) => ownOptions(policy)),
      }
    },
  }
}

const noContext: MatchContext = { tokens: new Map(), resolve: text => text }

/** Something of the table is meant, or may be for some reader. */
const mayMatch = (matcher: PolicyMatcher, elements: ReadonlyMap<string, string>): boolean =>
  matcher.isDynamic || matcher.match(elements, noScopes, noContext) !== 'NONE'

/** What another set of a policy says of another table makes nothing known in this one. */
const isOfTable =
  ({ matchers }: Named, elements: ReadonlyMap<string, string>): ((set: number) => boolean) =>
  set =>
    matchers[set] !== undefined && mayMatch(matchers[set], elements)

const isTagPolicy = ({ serviceType }: Pick<RangerPolicy, 'serviceType'>): boolean => serviceType === 'tag'

/** By a policy, or because it cannot be told. */
const isDenied = ({ isAllowed, source, faults }: Decision): boolean =>
  !isAllowed && (source !== null || faults.length > 0)

/** Where no access policy names the topic, its readers need no leave; a tag may deny it to them all the same. */
function isReadable(isGoverned: boolean, denies: boolean, ask: () => Decision): boolean {
  if (isGoverned) return ask().isAllowed
  return !denies || !isDenied(ask())
}

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

function traceOf({ trace }: Decision, { policies, name: service }: RangerService): readonly TracedItem[] {
  return (trace ?? []).map(({ policy: name, policyId, itemIndex: item, reason, by, ...from }) => {
    const policy = policies.find(
      one => one.name === name && one.id === policyId && one.policyType === 1 && isFrom(one, from),
    )
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
    one =>
      one.name === policyName &&
      one.id === policyId &&
      one.policyType === type &&
      isFrom(one, source) &&
      item < itemsOf(one).length,
  )
  return policy === undefined ? null : { policy, item }
}

/** Names of policies are unique in a service and zone only, and ids may be missing. */
const isFrom = (
  { service, zoneName, serviceType }: RangerPolicy,
  from: { readonly service: string; readonly zoneName: string; readonly isTag: boolean },
): boolean => service === from.service && zoneName === from.zoneName && isTagPolicy({ serviceType }) === from.isTag

const itemsOf = ({ masks, filters }: RangerPolicy): readonly unknown[] => [...masks, ...filters]

function literalTopics({ resourceSets }: RangerPolicy, tables: TableMap | null): readonly string[] {
  const [level, ...more] = tables?.levels ?? []
  if (level === undefined || more.length > 0) return []
  return resourceSets.flatMap(set => {
    const resource = set.get(level)
    return resource === undefined || resource.isExcludes ? [] : resource.values.filter(value => !/[*?{]/.test(value))
  })
}

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
