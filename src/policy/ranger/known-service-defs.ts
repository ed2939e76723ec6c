/**
 * What exports leave out: the service definitions that their policies were written for. Only what decides is here;
 * a definition that comes with the policies goes before these. `kafka` is extended by fields and masks, which Ranger's
 * own lacks.
 */

type Json = Readonly<Record<string, unknown>>

interface Level {
  readonly name: string
  readonly parent?: string
  readonly only?: readonly string[]
  readonly matcher?: string
  readonly ignoreCase?: boolean
  readonly excludes?: boolean
  readonly isLeaf?: boolean
}

const resources = (levels: readonly Level[], depthOf: (level: Level) => number): Json[] =>
  levels.map(level => ({
    name: level.name,
    level: depthOf(level),
    parent: level.parent ?? '',
    matcher: level.matcher ?? 'RangerDefaultResourceMatcher',
    matcherOptions: { wildCard: 'true', ignoreCase: String(level.ignoreCase ?? true) },
    excludesSupported: level.excludes ?? false,
    recursiveSupported: level.matcher === 'RangerURLResourceMatcher',
    isValidLeaf: level.isLeaf ?? null,
    accessTypeRestrictions: level.only ?? [],
  }))

const access = (
  types: Readonly<Record<string, readonly string[]>>,
  categories: Readonly<Record<string, string>>,
): Json[] => Object.entries(types).map(([name, impliedGrants]) => ({ name, impliedGrants, category: categories[name] }))

const section = (names: readonly string[], accessTypes: readonly string[], options: Json): Json => ({
  resources: names.map(name => ({ name, matcherOptions: options })),
  accessTypes: accessTypes.map(name => ({ name })),
})

/** Ranger's own; the numbers are its. */
const standardMasks: readonly Json[] = [
  [1, 'MASK'],
  [2, 'MASK_SHOW_LAST_4'],
  [3, 'MASK_SHOW_FIRST_4'],
  [4, 'MASK_HASH'],
  [5, 'MASK_NULL'],
  [6, 'MASK_NONE'],
  [12, 'MASK_DATE_SHOW_YEAR'],
  [13, 'CUSTOM'],
].map(([itemId, name]) => ({ itemId, name }))

const depth =
  (levels: readonly Level[]) =>
  (level: Level): number => {
    const parent = levels.find(({ name }) => name === level.parent)
    return parent === undefined ? 10 : depth(levels)(parent) + 10
  }

const categoriesOf = (groups: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(groups).flatMap(([category, names]) => names.split(' ').map(name => [name, category])),
  )

const none = (names: string): Record<string, readonly string[]> =>
  Object.fromEntries(names.split(' ').map(name => [name, []]))

const hiveLevels: readonly Level[] = [
  { name: 'database', excludes: true, isLeaf: true },
  { name: 'table', parent: 'database', excludes: true, isLeaf: true },
  { name: 'udf', parent: 'database', excludes: true },
  { name: 'column', parent: 'table', excludes: true },
  { name: 'url', matcher: 'RangerURLResourceMatcher', ignoreCase: false },
  { name: 'hiveservice', ignoreCase: false },
  { name: 'global', ignoreCase: false },
]

const hive: Json = {
  name: 'hive',
  id: 3,
  resources: resources(hiveLevels, depth(hiveLevels)),
  accessTypes: access(
    {
      ...none('select update create drop alter index lock read write repladmin serviceadmin tempudfadmin refresh'),
      all: 'select update create drop alter index lock read write repladmin serviceadmin refresh'.split(' '),
    },
    categoriesOf({
      READ: 'select read',
      UPDATE: 'update write',
      CREATE: 'create alter',
      DELETE: 'drop',
      MANAGE: 'index lock repladmin serviceadmin tempudfadmin refresh',
    }),
  ),
  dataMaskDef: {
    maskTypes: standardMasks,
    ...section(['database', 'table', 'column'], ['select'], { wildCard: 'false' }),
  },
  rowFilterDef: section(['database', 'table'], ['select'], { wildCard: 'false' }),
}

const trinoLevels: readonly Level[] = [
  { name: 'catalog', excludes: true, isLeaf: true },
  { name: 'schema', parent: 'catalog', excludes: true, isLeaf: true },
  { name: 'table', parent: 'schema', excludes: true, isLeaf: true },
  { name: 'column', parent: 'table', excludes: true },
  { name: 'trinouser', only: ['impersonate'] },
  { name: 'systemproperty', only: ['alter'] },
  { name: 'sessionproperty', parent: 'catalog', only: ['alter'] },
  { name: 'function', only: ['execute', 'grant'] },
  { name: 'procedure', parent: 'schema', only: ['execute', 'grant'] },
  { name: 'schemafunction', parent: 'schema', only: ['create', 'drop', 'show'] },
  { name: 'queryid', only: ['execute'] },
  { name: 'sysinfo', only: ['read_sysinfo', 'write_sysinfo'] },
  { name: 'role', only: ['create', 'drop', 'show', 'grant', 'revoke'] },
]

const trinoTypes =
  'select insert create drop delete use alter grant revoke show impersonate execute read_sysinfo write_sysinfo'

const trino: Json = {
  name: 'trino',
  id: 203,
  resources: resources(trinoLevels, depth(trinoLevels)),
  accessTypes: access(
    { ...none(trinoTypes), all: trinoTypes.split(' ') },
    categoriesOf({
      READ: 'select use show impersonate execute',
      UPDATE: 'insert',
      CREATE: 'create alter',
      DELETE: 'drop delete',
      MANAGE: 'grant revoke read_sysinfo write_sysinfo',
    }),
  ),
  dataMaskDef: {
    maskTypes: standardMasks,
    ...section(['catalog', 'schema', 'table', 'column'], ['select'], { wildCard: 'true' }),
  },
  rowFilterDef: section(['catalog', 'schema', 'table'], ['select'], { wildCard: 'true' }),
}

const structureLevels: readonly Level[] = [
  { name: 'schema', excludes: true, isLeaf: true },
  { name: 'field', parent: 'schema', excludes: true, isLeaf: true },
]

const nestedstructure: Json = {
  name: 'nestedstructure',
  resources: resources(structureLevels, depth(structureLevels)),
  accessTypes: access(none('read write'), categoriesOf({ READ: 'read', UPDATE: 'write' })),
  dataMaskDef: { maskTypes: standardMasks, ...section(['schema', 'field'], ['read'], { wildCard: 'false' }) },
  rowFilterDef: section(['schema'], ['read', 'write'], { wildCard: 'false' }),
}

const kafkaLevels: readonly Level[] = [
  {
    name: 'topic',
    excludes: true,
    isLeaf: true,
    only: 'create delete configure alter alter_configs describe describe_configs consume publish'.split(' '),
  },
  { name: 'field', parent: 'topic', excludes: true, ignoreCase: false },
  { name: 'transactionalid', excludes: true, only: ['publish', 'describe'] },
  {
    name: 'cluster',
    excludes: true,
    only: 'create configure alter alter_configs describe describe_configs kafka_admin idempotent_write cluster_action'.split(
      ' ',
    ),
  },
  { name: 'delegationtoken', excludes: true, only: ['describe'] },
  { name: 'consumergroup', excludes: true, only: ['consume', 'describe', 'delete'] },
]

const describing = { publish: ['describe'], consume: ['describe'], configure: ['describe'], delete: ['describe'] }

/** With the fields and masks of `cdc`. */
const kafka = (cdc: Json): Json => ({
  name: 'kafka',
  id: 9,
  resources: resources(kafkaLevels, depth(kafkaLevels)),
  accessTypes: access(
    {
      ...none('describe create idempotent_write describe_configs cluster_action alter'),
      ...describing,
      alter_configs: ['describe_configs'],
      kafka_admin:
        'publish consume configure describe create delete describe_configs alter_configs alter idempotent_write cluster_action'.split(
          ' ',
        ),
    },
    categoriesOf({
      READ: 'consume describe describe_configs',
      UPDATE: 'publish idempotent_write',
      CREATE: 'create',
      DELETE: 'delete',
      MANAGE: 'configure kafka_admin alter_configs cluster_action alter',
    }),
  ),
  policyConditions: [{ name: 'ip-range', evaluator: 'RangerIpMatcher' }],
  dataMaskDef: cdc.dataMaskDef,
  rowFilterDef: cdc.rowFilterDef,
})

/** Tags have a name, and policies of them whatever the tagged service knows. */
const tag: Json = {
  name: 'tag',
  id: 100,
  resources: [
    {
      name: 'tag',
      level: 1,
      matcher: 'RangerDefaultResourceMatcher',
      matcherOptions: { wildCard: 'false', ignoreCase: 'false' },
    },
  ],
  accessTypes: [],
  policyConditions: [
    {
      name: 'accessed-after-expiry',
      evaluator: 'RangerScriptTemplateConditionEvaluator',
      evaluatorOptions: { scriptTemplate: "ctx.isAccessedAfter('expiry_date');" },
    },
    { name: 'expression', evaluator: 'RangerScriptConditionEvaluator' },
    { name: '_expression', evaluator: 'RangerScriptConditionEvaluator' },
  ],
}

/** By service type; `cdc` is our own definition. */
export const knownServiceDefs = (cdc: Json): ReadonlyMap<string, Json> =>
  new Map(
    [cdc, hive, trino, { ...trino, name: 'presto', id: 17 }, nestedstructure, kafka(cdc), tag].map(serviceDef => [
      String(serviceDef.name),
      serviceDef,
    ]),
  )
