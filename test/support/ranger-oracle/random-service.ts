import type { Random } from '../random.ts'
import { type RandomServiceDef, serviceDefs, tagServiceDef } from './service-defs.ts'

type Json = Record<string, unknown>

/** A service with policies and requests, in the form of Ranger's own test files. */
export interface RandomService {
  readonly serviceName: string
  readonly serviceDef: Json
  readonly policies: readonly Json[]
  readonly tests: readonly Readonly<Json>[]
  readonly [member: string]: unknown
}

const users = ['anna', 'bert', 'cleo', 'Anna']
const groups = ['sales', 'audit', 'staff']
const roles = ['clerk', 'boss', 'guest']
const tags = ['PII', 'SECRET', 'PUBLIC_DATA']

const names: Readonly<Record<string, readonly string[]>> = {
  topic: ['orders', 'orders.eu', 'Orders', 'pay', 'payments', 'anna'],
  field: ['email', 'eMail', 'card', 'card.no', 'id', 'bert'],
  archive: ['north', 'South', 'north-2', 'anna'],
  shelf: ['/a', '/a/b', '/a/b/c', '/b', '/A/b', '/ab'],
  page: ['p1', 'p2', 'P1', 'cover', 'p10'],
}
const patterns: Readonly<Record<string, readonly string[]>> = {
  topic: ['*', 'ord*', 'o?ders', '*.eu', 'pay*', '{USER}', 'orders*u', 'anna*'],
  field: ['*', 'e*', '?mail', 'card*', '*.no', '{USER}', '{OWNER}', 'c*d'],
  archive: ['*', 'n*', '?outh', '{USER}', 'NORTH', 'north-?'],
  shelf: ['*', '/a*', '/a/?', '/*/b', '/a/b*', '/', '/b/*'],
  page: ['*', 'p?', 'P*', 'p1*', '{OWNER}', 'c*r'],
}
const expressions = [
  "USER.dept == 'north'",
  "USER._name == 'anna'",
  "IS_IN_GROUP('sales')",
  "IS_IN_ROLE('boss')",
  'IS_IN_ANY_GROUP',
  "UGNAMES.includes('audit') || URNAMES.includes('clerk')",
  "REQ.accessType == 'read' || REQ.accessType == 'consume'",
  "HAS_USER_ATTR('dept') && USER.dept != 'south'",
  'UGNAMES.length > 1',
  "!IS_IN_GROUP('staff')",
  "HAS_TAG('PII')",
]
const times = [
  '20260101-00:00:00.000-0800',
  '20260615-12:00:00.000-0700',
  '20260615-12:00:01.000-0700',
  '20270301-09:30:00.000+0100',
]
const moments = [
  '2025/12/31 23:59:59',
  '2026/01/01 00:00:00',
  '2026/06/15 12:00:00',
  '2026/06/15 19:00:00',
  '2027/03/01 09:30:00',
]
const filters = ["a = 'x'", 'b > 3', '', "dept = '${{USER.dept}}'", "owner = '{USER}'"]

export function randomService(random: Random, questions: number): RandomService {
  const def = random.pick(serviceDefs)
  const some = <T>(list: readonly T[], chance: number): T[] => list.filter(() => random.chance(chance))
  const count = 1 + random.below(9)
  const policies = Array.from({ length: count }, (_, n) => randomPolicy(def, n + 1, random))
  const tagPolicies = random.chance(0.4)
    ? Array.from({ length: 1 + random.below(3) }, (_, n) => randomTagPolicy(def, 100 + n, random))
    : null
  const rolesOf = (of: readonly string[]): Json =>
    Object.fromEntries(
      some(of, 0.4)
        .map(one => [one, some(roles, 0.5)])
        .filter(([, held]) => (held ?? []).length > 0),
    )
  return {
    serviceName: 'service',
    serviceDef: def.json,
    policies,
    ...(tagPolicies === null
      ? {}
      : { tagPolicyInfo: { serviceName: 'tags', serviceDef: tagServiceDef(def), tagPolicies } }),
    userRoles: rolesOf(users),
    groupRoles: rolesOf(groups),
    roleRoles: random.chance(0.3) ? { clerk: ['boss'] } : {},
    ...(random.chance(0.1) ? { superUsers: ['cleo'] } : {}),
    tests: Array.from({ length: questions }, (_, n) => ({
      name: String(n),
      ...randomRequest(def, tagPolicies !== null, random),
    })),
  }
}

function randomPolicy(def: RandomServiceDef, id: number, random: Random): Json {
  const policyType = random.pick([0, 0, 1, 1, 2] as const)
  const resources = (): Json => randomResources(def, policyType, random)
  return {
    service: 'service',
    ...common(id, random),
    policyType,
    resources: resources(),
    ...(random.chance(0.1) ? { additionalResources: [resources()] } : {}),
    ...(random.chance(0.1) ? { conditions: [condition(random)] } : {}),
    ...items(def, policyType, name => name, random),
  }
}

function randomTagPolicy(def: RandomServiceDef, id: number, random: Random): Json {
  const policyType = random.pick([0, 1] as const)
  return {
    service: 'tags',
    serviceType: 'tag',
    ...common(id, random),
    policyType,
    resources: { tag: { values: [random.pick([...tags, 'P*'])] } },
    ...(random.chance(0.1) ? { conditions: [condition(random)] } : {}),
    ...items(def, policyType, name => `${def.json.name}:${name}`, random),
  }
}

const common = (id: number, random: Random): Json => ({
  id,
  // Names are of one length, so that their order is that of the ids or its reverse.
  name: `${random.pick(['a', 'b', 'c'])} ${100 + id}`,
  isEnabled: random.chance(0.95),
  isAuditEnabled: random.chance(0.8),
  policyPriority: random.chance(0.2) ? 1 : 0,
  ...(random.chance(0.15) ? { validitySchedules: [schedule(random)] } : {}),
})

function schedule(random: Random): Json {
  const [startTime, endTime] = [random.pick(moments), random.pick(moments)].sort()
  return {
    ...(random.chance(0.8) ? { startTime } : {}),
    ...(random.chance(0.8) ? { endTime } : {}),
    timeZone: random.pick(['', 'GMT', 'America/New_York', 'Europe/Berlin']),
  }
}

function randomResources(def: RandomServiceDef, policyType: 0 | 1 | 2, random: Random): Json {
  const all = def.levels[policyType]
  // Access may end at any level; masks and filters name all.
  const depth = policyType === 0 ? 1 + random.below(all.length) : all.length
  return Object.fromEntries(
    all.slice(0, depth).map(level => {
      const one = (): string => random.pick((random.chance(0.5) ? names[level] : patterns[level]) ?? [])
      const values = Array.from({ length: random.chance(0.7) ? 1 : 2 }, one)
      const isRecursive = def.paths.includes(level) && random.chance(0.4)
      return [
        level,
        { values, ...(random.chance(0.1) ? { isExcludes: true } : {}), ...(isRecursive ? { isRecursive } : {}) },
      ]
    }),
  )
}

const condition = (random: Random): Json => ({ type: '_expression', values: [random.pick(expressions)] })

function items(def: RandomServiceDef, policyType: 0 | 1 | 2, spelt: (name: string) => string, random: Random): Json {
  const list = (least: number, make: () => Json): Json[] => Array.from({ length: least + random.below(2) }, make)
  if (policyType === 1)
    return {
      dataMaskPolicyItems: list(1, () => {
        const dataMaskType = random.pick(def.maskTypes)
        const valueExpr = random.pick(["'x'", '{col}', "'${{USER.dept}}'"])
        return {
          ...whom(random),
          accesses: [{ type: spelt(def.reading), isAllowed: true }],
          dataMaskInfo: { dataMaskType: spelt(dataMaskType), ...(dataMaskType === 'CUSTOM' ? { valueExpr } : {}) },
        }
      }),
    }
  if (policyType === 2)
    return {
      rowFilterPolicyItems: list(1, () => ({
        ...whom(random),
        accesses: [{ type: spelt(def.reading), isAllowed: true }],
        rowFilterInfo: { filterExpr: random.pick(filters) },
      })),
    }
  const item = (): Json => {
    const types = def.accessTypes.filter(() => random.chance(0.5)).map(({ name }) => name)
    const accesses = (types.length > 0 ? types : [def.reading]).map(type => ({
      type: spelt(type),
      isAllowed: random.chance(0.95),
    }))
    return { ...whom(random), accesses }
  }
  const denyPolicyItems = random.chance(0.3) ? list(1, item) : []
  return {
    policyItems: list(denyPolicyItems.length > 0 ? 0 : 1, item),
    denyPolicyItems,
    ...(random.chance(0.2) ? { allowExceptions: [item()] } : {}),
    ...(random.chance(0.2) ? { denyExceptions: [item()] } : {}),
    ...(denyPolicyItems.length === 0 && random.chance(0.1) ? { isDenyAllElse: true } : {}),
  }
}

function whom(random: Random): Json {
  const some = (list: readonly string[], chance: number): string[] => list.filter(() => random.chance(chance))
  const who = {
    users: some([...users, '{USER}', '{OWNER}'], 0.15),
    groups: some([...groups, 'public'], 0.2),
    roles: some(roles, 0.15),
  }
  const isNobody = Object.values(who).every(({ length }) => length === 0)
  return {
    ...(isNobody ? { ...who, users: [random.pick(users)] } : who),
    ...(random.chance(0.15) ? { conditions: [condition(random)] } : {}),
  }
}

function randomRequest(def: RandomServiceDef, hasTags: boolean, random: Random): Json {
  const all = def.levels[0]
  const depth = random.chance(0.75) ? all.length : 1 + random.below(all.length)
  const elements = Object.fromEntries(all.slice(0, depth).map(level => [level, random.pick(names[level] ?? [])]))
  const user = random.pick([...users, 'nobody'])
  const found = tags
    .filter(() => random.chance(0.4))
    .map(type => ({ type, attributes: {}, matchType: random.pick(['SELF', 'SELF', 'DESCENDANT', 'ANCESTOR']) }))
  return {
    request: {
      resource: { elements, ...(random.chance(0.3) ? { ownerUser: random.pick(users) } : {}) },
      accessType: random.pick([...def.accessTypes.map(({ name }) => name), def.reading, def.reading, '']),
      user,
      userGroups: groups.filter(() => random.chance(0.4)),
      accessTime: random.pick(times),
      context: hasTags ? { TAGS: JSON.stringify(found) } : {},
      ...(random.chance(0.1) ? { resourceMatchingScope: 'SELF_OR_DESCENDANTS' } : {}),
    },
    userAttributes: { [user]: { dept: random.pick(['north', 'south']) } },
  }
}
