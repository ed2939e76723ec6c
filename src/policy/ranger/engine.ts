import type { Problem } from '../../errors.ts'
import type { AccessResult, DecisionSource, FilterDecision, MaskDecision } from './access-result.ts'
import { ask, type Surroundings } from './ask.ts'
import { applyAuditFilters, isAmong, namesIn, principals, readAuditFilters } from './audit.ts'
import { checkPolicies } from './check-policy.ts'
import { type Conflict, conflictsOn, decideByClaims } from './claims.ts'
import { compilePolicy, impliedGrants } from './compiled-policy.ts'
import { type Deciders, decide } from './decide.ts'
import { createTagStore } from './found-tags.ts'
import { createNextChange } from './next-change.ts'
import { bySpecificity, specificityOf } from './order.ts'
import type { PolicyType, RangerPolicy } from './policy.ts'
import { hierarchyIndex } from './policy-matcher.ts'
import { createRepository, type Repository } from './repository.ts'
import type { Asked, RangerRequest } from './request.ts'
import { type Role, rolesOf } from './roles.ts'
import type { ServiceDef } from './service-def.ts'
import type { SecurityZone } from './service-policies.ts'
import type { ServiceTags } from './service-tags.ts'
import { forComponent } from './tag-prefix.ts'
import { explain, type TraceEntry } from './trace.ts'
import { emptyUserStore, type UserStore } from './user-store.ts'
import { createZoneFinder } from './zones.ts'

export interface RangerEngineInput {
  readonly serviceDef: ServiceDef
  readonly policies: readonly RangerPolicy[]
  readonly tagServiceDef?: ServiceDef | null
  readonly tagPolicies?: readonly RangerPolicy[]
  readonly tags?: ServiceTags | null
  readonly roles?: readonly Role[]
  readonly userStore?: UserStore
  readonly zones?: readonly SecurityZone[]
  readonly serviceConfig?: ReadonlyMap<string, string>
  readonly tagServiceConfig?: ReadonlyMap<string, string>
  readonly auditMode?: string | null
  readonly superUsers?: readonly string[]
  readonly superGroups?: readonly string[]
  readonly auditExcluded?: {
    readonly users?: readonly string[]
    readonly groups?: readonly string[]
    readonly roles?: readonly string[]
  }
  /**
   * `scrim`, the default: masks and filters in the order of claimOrder, schedules in their own zones, and what cannot be
   * judged denies. `ranger`: as Ranger's engine, its order and its leniency included.
   */
  readonly order?: 'scrim' | 'ranger'
  /** For times without a zone; Ranger takes that of its machine. */
  readonly defaultZone?: string
}

/** What was decided. */
export interface Decision {
  readonly isAllowed: boolean
  readonly isAudited: boolean
  /** -1: no policy. */
  readonly policyId: number
  readonly source: DecisionSource | null
  readonly mask: MaskDecision | null
  readonly filter: FilterDecision | null
  readonly zoneName: string | null
  /** What could not be judged. In our own order access is denied then, and a mask or filter must not be relied upon. */
  readonly faults: readonly string[]
  /** Only where it was asked for. */
  readonly trace: readonly TraceEntry[] | null
}

export interface RangerEngine {
  /** Found when the policies were checked against the service-def; a policy with an error is not to be relied upon. */
  readonly problems: readonly Problem[]
  readonly evaluate: (
    policyType: PolicyType,
    request: RangerRequest,
    options?: { readonly trace?: boolean },
  ) => Decision
  /** Policies of one priority that say different things of what is asked for. */
  readonly conflicts: (policyType: 1 | 2, request: RangerRequest) => readonly Conflict[]
  /** The next instant at which time alone may change a decision; null where it never will. */
  readonly nextChange: (instant: number) => number | null
}

export function createRangerEngine(input: RangerEngineInput): RangerEngine {
  const { serviceDef, tagServiceDef = null, zones = [] } = input
  const order = input.order ?? 'scrim'
  const defaultZone = input.defaultZone ?? 'GMT'
  const recurrenceZone = order === 'ranger' ? defaultZone : null
  const problems: Problem[] = []

  const hierarchies = hierarchyIndex(serviceDef)
  const setting = { defaultZone, recurrenceZone }
  const ofResources = { ...setting, serviceDef, hierarchies, implied: impliedGrants(serviceDef), isTag: false }
  const tagPolicies =
    tagServiceDef === null
      ? []
      : (input.tagPolicies ?? []).flatMap(policy => forComponent(policy, serviceDef.name) ?? [])
  const tagHierarchies = tagServiceDef === null ? hierarchies : hierarchyIndex(tagServiceDef)
  const ofTags = {
    ...setting,
    // Conditions are those of the tag service, access and mask types those of ours, which the prefix pointed to.
    serviceDef: tagServiceDef ?? serviceDef,
    hierarchies: tagHierarchies,
    implied: impliedGrants(serviceDef),
    isTag: true,
  }
  const repository = (policies: readonly RangerPolicy[]): Repository =>
    createRepository(policies, policy => compilePolicy(policy, ofResources), serviceDef)
  const unzoned = repository(input.policies)
  const zoned = new Map(zones.map(zone => [zone.name, repository(zone.policies)]))
  const tags =
    tagServiceDef === null
      ? null
      : createRepository(tagPolicies, policy => compilePolicy(policy, ofTags), tagServiceDef)

  problems.push(
    ...checkPolicies(
      [...unzoned.policies, ...[...zoned.values()].flatMap(one => one.policies)],
      serviceDef,
      serviceDef,
    ),
    ...(tags === null || tagServiceDef === null ? [] : checkPolicies(tags.policies, tagServiceDef, serviceDef)),
  )

  const config = input.serviceConfig ?? new Map<string, string>()
  const configured = (name: string): readonly string[] => namesIn(config.get(`ranger.plugin.${name}`))
  const superUsers = principals(
    [...(input.superUsers ?? []), ...configured('super.users')],
    [...(input.superGroups ?? []), ...configured('super.groups')],
  )
  const excluded = principals(
    [...(input.auditExcluded?.users ?? []), ...configured('audit.exclude.users')],
    [...(input.auditExcluded?.groups ?? []), ...configured('audit.exclude.groups')],
    [...(input.auditExcluded?.roles ?? []), ...configured('audit.exclude.roles')],
  )
  const filtersIn = (from: ReadonlyMap<string, string> | undefined, of: typeof hierarchies) => {
    const text = from?.get('ranger.plugin.audit.filters')
    return text === undefined ? [] : readAuditFilters(text, of, { problems, policy: 'service-config' })
  }
  const auditFilters = filtersIn(config, hierarchies)
  const tagAuditFilters = filtersIn(input.tagServiceConfig, tagHierarchies)

  const zonesOf = createZoneFinder(zones, serviceDef, hierarchies)
  const tagStore = input.tags == null ? null : createTagStore(input.tags, hierarchies, recurrenceZone)
  const around: Surroundings = {
    rolesOf: rolesOf(input.roles ?? []),
    userStore: input.userStore ?? emptyUserStore,
    tagStore,
    defaultZone,
    recurrenceZone,
  }
  const allAccessTypes = serviceDef.accessTypes.map(({ name }) => name)

  const decidersFor = (type: PolicyType, asked: Asked, zoneName: string | null): Deciders => ({
    resources: (zoneName === null || zoneName === '' ? undefined : zoned.get(zoneName)) ?? unzoned,
    tags,
    zoneName: zoneName === '' ? null : zoneName,
    zoneHasTags: tags !== null && zones.some(zone => zone.name === zoneName && zone.hasTagService),
    isSuperUser: isAmong(superUsers, asked),
    isAuditExcluded: isAmong(excluded, asked),
    auditMode: input.auditMode ?? null,
    allAccessTypes,
    isStrict: order === 'scrim',
    compare:
      // Masks and filters are ordered by their claims.
      order === 'ranger' || type !== 0
        ? null
        : (a, b) =>
            b.policy.priority - a.policy.priority ||
            Number(b.hasDeny) - Number(a.hasDeny) ||
            bySpecificity(specificityOf(a, asked.elements, asked.match), specificityOf(b, asked.elements, asked.match)),
  })

  const decideIn = (type: PolicyType, asked: Asked, zoneName: string | null): AccessResult => {
    const deciders = decidersFor(type, asked, zoneName)
    return type === 0 || order === 'ranger' ? decide(type, asked, deciders) : decideByClaims(type, asked, deciders)
  }

  /** A resource in one zone is decided there, one in several only for any access; else the unzoned policies decide. */
  const zonesToAsk = (asked: Asked): readonly (string | null)[] => {
    const found = zonesOf(asked)
    return found.length === 0 || (found.length > 1 && !asked.isAny) ? [null] : found
  }

  const decideEverywhere = (type: PolicyType, asked: Asked): AccessResult => {
    let result: AccessResult | null = null
    const names = zonesToAsk(asked)
    const isOpenToAll = asked.isAny && asked.elements.size === 0
    for (const name of isOpenToAll ? [...names, ...zoned.keys()] : names) {
      const one = decideIn(type, asked, name)
      if (result === null || one.isAllowed || names.includes(name)) result = one
      if (one.isAllowed) break
    }
    return result ?? decideIn(type, asked, null)
  }

  return {
    problems,
    evaluate: (policyType, request, options) => {
      const asked = ask(request, around)
      const result = decideEverywhere(policyType, asked)
      if (auditFilters.length + tagAuditFilters.length > 0) {
        applyAuditFilters(tagAuditFilters, auditFilters, asked, result)
      }
      const isRefused = order === 'scrim' && asked.faults.size > 0
      return {
        isAllowed: result.isAllowed && !isRefused,
        isAudited: result.isAudited,
        policyId: result.policyId,
        source: result.source,
        mask: result.mask,
        filter: result.filter,
        zoneName: result.zoneName,
        faults: [...asked.faults],
        trace:
          options?.trace === true
            ? explain(policyType, asked, decidersFor(policyType, asked, zonesToAsk(asked)[0] ?? null), result)
            : null,
      }
    },
    conflicts: (policyType, request) => {
      const asked = ask(request, around)
      return conflictsOn(policyType, asked, decidersFor(policyType, asked, zonesToAsk(asked)[0] ?? null))
    },
    nextChange: createNextChange(
      [unzoned, ...zoned.values(), ...(tags === null ? [] : [tags])].flatMap(one => one.policies),
      tagStore,
    ),
  }
}
