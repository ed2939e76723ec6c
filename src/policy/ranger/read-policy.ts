import type { Problem } from '../../errors.ts'
import { readDate } from './dates.ts'
import { type Findings, type Members, membersOf, isObject } from './members.ts'
import type {
  Condition,
  FilterItem,
  MaskItem,
  PolicyItem,
  PolicyResource,
  PolicyResources,
  PolicyType,
  RangerPolicy,
  Recurrence,
  ValiditySchedule,
} from './policy.ts'

/** What was read, and what was wrong with it. The value is null where nothing can be made of it. */
export interface Read<T> {
  readonly value: T
  readonly problems: readonly Problem[]
}

/** A RangerPolicy as JSON. Unknown members are ignored, as Ranger does. */
export function readPolicy(json: unknown): Read<RangerPolicy | null> {
  const problems: Problem[] = []
  return { value: policyOf(json, problems), problems }
}

export function policyOf(json: unknown, problems: Problem[]): RangerPolicy | null {
  const findings: Findings = { problems, policy: nameIn(json) }
  const members = membersOf(json, findings)
  if (members === null) return null
  const policyType = members.whole('policyType') ?? 0
  if (!isPolicyType(policyType)) {
    members.problem('POLICY_SHAPE', '0 (access), 1 (mask) or 2 (row filter) is expected', 'policyType')
    return null
  }
  return {
    id: members.whole('id'),
    guid: members.text('guid'),
    version: members.whole('version'),
    service: members.text('service') ?? '',
    serviceType: members.text('serviceType'),
    name: members.text('name') ?? '',
    description: members.text('description') ?? '',
    policyType,
    priority: members.whole('policyPriority') ?? 0,
    isEnabled: members.flag('isEnabled', true),
    isAuditEnabled: members.flag('isAuditEnabled', true),
    isDenyAllElse: members.flag('isDenyAllElse', false),
    resourceSets: [
      ...(members.has('resources') ? [resourcesOf(members.raw('resources'), findings, 'resources')] : [new Map()]),
      ...listIn(members, 'additionalResources').map((set, at) =>
        resourcesOf(set, findings, `additionalResources[${at}]`),
      ),
    ],
    conditions: conditionsOf(members),
    allow: members.objects('policyItems').map(itemOf),
    deny: members.objects('denyPolicyItems').map(itemOf),
    allowExceptions: members.objects('allowExceptions').map(itemOf),
    denyExceptions: members.objects('denyExceptions').map(itemOf),
    masks: members.objects('dataMaskPolicyItems').map(maskItemOf),
    filters: members.objects('rowFilterPolicyItems').map(filterItemOf),
    validitySchedules: [
      ...members.objects('validitySchedules').map(scheduleOf),
      // Before it had a member of its own, Ranger kept the list as a text among the options.
      ...legacySchedules(members, findings),
    ],
    zoneName: members.text('zoneName') ?? '',
    labels: members.texts('policyLabels'),
    options: Object.fromEntries(members.entries('options')),
    createTime: readDate(members.raw('createTime')),
    updateTime: readDate(members.raw('updateTime')),
  }
}

const isPolicyType = (value: number): value is PolicyType => value === 0 || value === 1 || value === 2

function nameIn(json: unknown): string {
  if (!isObject(json)) return ''
  const [name, id] = [json.name, json.id]
  return typeof name === 'string' && name !== '' ? name : typeof id === 'number' ? `policy ${id}` : ''
}

const listIn = (members: Members, name: string): readonly unknown[] => {
  const found = members.raw(name)
  return Array.isArray(found) ? found : []
}

export function resourcesOf(json: unknown, findings: Findings, path: string): PolicyResources {
  const names = isObject(json) ? Object.keys(json) : []
  if (!isObject(json)) membersOf(json, findings, path)
  return new Map(
    names.flatMap((name): (readonly [string, PolicyResource])[] => {
      const members = membersOf(isObject(json) ? json[name] : null, findings, `${path}.${name}`)
      return members === null ? [] : [[name, resourceOf(members)]]
    }),
  )
}

export const resourceOf = (members: Members): PolicyResource => ({
  values: members.texts('values'),
  isExcludes: members.flag('isExcludes', false),
  isRecursive: members.flag('isRecursive', false),
})

const conditionsOf = (members: Members): readonly Condition[] =>
  members
    .objects('conditions')
    .map(condition => ({ type: condition.text('type') ?? '', values: condition.texts('values') }))

const itemOf = (members: Members): PolicyItem => ({
  accesses: members.objects('accesses').map(access => ({
    // Plugins and people write either case; a policy that silently fails to apply for that is a leak.
    type: (access.text('type') ?? '').toLowerCase(),
    isAllowed: access.flag('isAllowed', true),
  })),
  users: members.texts('users'),
  groups: members.texts('groups'),
  roles: members.texts('roles'),
  conditions: conditionsOf(members),
  delegateAdmin: members.flag('delegateAdmin', false),
})

const maskItemOf = (members: Members): MaskItem => {
  const info = members.object('dataMaskInfo')
  return {
    ...itemOf(members),
    mask:
      info === null
        ? null
        : {
            maskType: info.text('dataMaskType') ?? '',
            valueExpr: info.text('valueExpr'),
            conditionExpr: info.text('conditionExpr'),
          },
  }
}

const filterItemOf = (members: Members): FilterItem => ({
  ...itemOf(members),
  filterExpr: members.object('rowFilterInfo')?.text('filterExpr') ?? null,
})

export const scheduleOf = (members: Members): ValiditySchedule => ({
  startTime: members.text('startTime'),
  endTime: members.text('endTime'),
  timeZone: members.text('timeZone'),
  recurrences: members.objects('recurrences').map(recurrenceOf),
})

function recurrenceOf(members: Members): Recurrence {
  const schedule = members.object('schedule')
  const interval = members.object('interval')
  const field = (name: string) => schedule?.text(name) ?? null
  return {
    schedule:
      schedule === null
        ? null
        : {
            minute: field('minute'),
            hour: field('hour'),
            dayOfMonth: field('dayOfMonth'),
            dayOfWeek: field('dayOfWeek'),
            month: field('month'),
            year: field('year'),
          },
    interval:
      interval === null
        ? null
        : {
            days: interval.whole('days') ?? 0,
            hours: interval.whole('hours') ?? 0,
            minutes: interval.whole('minutes') ?? 0,
          },
  }
}

function legacySchedules(members: Members, findings: Findings): readonly ValiditySchedule[] {
  const text = members.object('options')?.raw('POLICY_VALIDITY_SCHEDULES')
  return typeof text === 'string' ? readSchedules(text, findings, 'options.POLICY_VALIDITY_SCHEDULES') : []
}

/** Schedules in a text of JSON: one, or a list of them. */
export function readSchedules(text: string, findings: Findings, path: string): readonly ValiditySchedule[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = null
  }
  const list: readonly unknown[] = Array.isArray(json) ? json : [json]
  return list.flatMap((entry, at) => {
    const members = membersOf(entry, findings, `${path}[${at}]`)
    return members === null ? [] : [scheduleOf(members)]
  })
}
