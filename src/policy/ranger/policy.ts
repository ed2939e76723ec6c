/** What Ranger calls a policy, with every default applied; see RangerPolicy of apache/ranger. */
export interface RangerPolicy {
  readonly id: number | null
  readonly guid: string | null
  readonly version: number | null
  /** The service instance, such as `cl1_kafka`; not the type. */
  readonly service: string
  readonly serviceType: string | null
  readonly name: string
  readonly description: string
  readonly policyType: PolicyType
  /** 0 normal, 1 override; higher goes first. */
  readonly priority: number
  readonly isEnabled: boolean
  readonly isAuditEnabled: boolean
  /** Whoever sets it denies to all whom the items do not allow. */
  readonly isDenyAllElse: boolean
  /** `resources` first, then the alternatives of `additionalResources`. */
  readonly resourceSets: readonly PolicyResources[]
  readonly conditions: readonly Condition[]
  readonly allow: readonly PolicyItem[]
  readonly deny: readonly PolicyItem[]
  readonly allowExceptions: readonly PolicyItem[]
  readonly denyExceptions: readonly PolicyItem[]
  readonly masks: readonly MaskItem[]
  readonly filters: readonly FilterItem[]
  /** Empty: always valid. Several: valid when one of them is. */
  readonly validitySchedules: readonly ValiditySchedule[]
  readonly zoneName: string
  readonly labels: readonly string[]
  /** Free-form members; Ranger's own meaning of some has been read already. */
  readonly options: Readonly<Record<string, unknown>>
  readonly createTime: number | null
  readonly updateTime: number | null
}

/** 0 access, 1 data mask, 2 row filter. */
export type PolicyType = 0 | 1 | 2

export const policyTypes: readonly PolicyType[] = [0, 1, 2]

/** By resource name. */
export type PolicyResources = ReadonlyMap<string, PolicyResource>

export interface PolicyResource {
  readonly values: readonly string[]
  readonly isExcludes: boolean
  readonly isRecursive: boolean
}

export interface Condition {
  readonly type: string
  readonly values: readonly string[]
}

export interface PolicyItem {
  /** In small letters. */
  readonly accesses: readonly ItemAccess[]
  readonly users: readonly string[]
  readonly groups: readonly string[]
  readonly roles: readonly string[]
  readonly conditions: readonly Condition[]
  readonly delegateAdmin: boolean
}

export interface ItemAccess {
  readonly type: string
  /** False stands for "not listed", not for a denial. */
  readonly isAllowed: boolean
}

export interface MaskItem extends PolicyItem {
  readonly mask: MaskInfo | null
}

export interface MaskInfo {
  readonly maskType: string
  /** Only for CUSTOM. */
  readonly valueExpr: string | null
  readonly conditionExpr: string | null
}

export interface FilterItem extends PolicyItem {
  /** Null says nothing; an empty text says "no filter", which ends the search. */
  readonly filterExpr: string | null
}

/** Local times as `yyyy/MM/dd HH:mm:ss` in `timeZone`; no zone is GMT. */
export interface ValiditySchedule {
  readonly startTime: string | null
  readonly endTime: string | null
  readonly timeZone: string | null
  readonly recurrences: readonly Recurrence[]
}

export interface Recurrence {
  readonly schedule: RecurrenceSchedule | null
  readonly interval: { readonly days: number; readonly hours: number; readonly minutes: number } | null
}

export const scheduleFields = ['minute', 'hour', 'dayOfMonth', 'dayOfWeek', 'month', 'year'] as const
export type ScheduleField = (typeof scheduleFields)[number]
export type RecurrenceSchedule = Readonly<Record<ScheduleField, string | null>>

/** How a policy is spoken of: by name, else by id. */
export const policyLabel = (policy: Pick<RangerPolicy, 'id' | 'name'>): string =>
  policy.name === '' ? `policy ${policy.id ?? '?'}` : policy.name
