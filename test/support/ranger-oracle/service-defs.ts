import ownServiceDef from '../../../src/policy/ranger/servicedef-kafka-cdc.json' with { type: 'json' }

type Json = Record<string, unknown>

export interface RandomServiceDef {
  readonly json: Json & { readonly name: string }
  readonly accessTypes: readonly { readonly name: string; readonly impliedGrants: readonly string[] }[]
  /** That of masks and filters. */
  readonly reading: string
  readonly maskTypes: readonly string[]
  /** What policies of a type name, from the top. */
  readonly levels: Readonly<Record<0 | 1 | 2, readonly string[]>>
  /** Where `isRecursive` and patterns of paths are. */
  readonly paths: readonly string[]
}

const matchers = 'org.apache.ranger.plugin.resourcematcher.'
const expression = {
  itemId: 1,
  name: '_expression',
  evaluator: 'org.apache.ranger.plugin.conditionevaluator.RangerScriptConditionEvaluator',
  evaluatorOptions: { engineName: 'JavaScript' },
}

const ofTopics: RandomServiceDef = {
  json: { id: 301, ...ownServiceDef },
  accessTypes: ownServiceDef.accessTypes.map(({ name, impliedGrants = [] }) => ({ name, impliedGrants })),
  reading: 'consume',
  maskTypes: ownServiceDef.dataMaskDef.maskTypes.map(({ name }) => name),
  levels: { 0: ['topic', 'field'], 1: ['topic', 'field'], 2: ['topic'] },
  paths: [],
}

/** Three levels, one of them a path; names without regard to case; masks without wildcards at the top. */
const archive = ['archive', 'shelf', 'page'].map((name, n, all) => ({
  itemId: n + 1,
  name,
  type: name === 'shelf' ? 'path' : 'string',
  level: (n + 1) * 10,
  parent: all[n - 1] ?? '',
  mandatory: true,
  recursiveSupported: name === 'shelf',
  excludesSupported: true,
  isValidLeaf: true,
  matcher: `${matchers}${name === 'shelf' ? 'RangerPathResourceMatcher' : 'RangerDefaultResourceMatcher'}`,
  matcherOptions: { wildCard: 'true', ignoreCase: name === 'page' ? 'false' : 'true' },
}))

const pageAccess = [
  { name: 'read', impliedGrants: [] },
  { name: 'write', impliedGrants: ['read'] },
  { name: 'keep', impliedGrants: ['read', 'write'] },
]

const ofPages: RandomServiceDef = {
  json: {
    id: 302,
    name: 'archive',
    displayName: 'archive',
    options: { enableDenyAndExceptionsInPolicies: 'true' },
    resources: archive,
    accessTypes: pageAccess.map((type, n) => ({ itemId: n + 1, ...type })),
    policyConditions: [expression],
    contextEnrichers: [],
    enums: [],
    dataMaskDef: {
      accessTypes: [{ itemId: 1, name: 'read' }],
      resources: [
        { itemId: 1, name: 'archive', matcherOptions: { wildCard: 'false', ignoreCase: 'true' }, isValidLeaf: false },
        { itemId: 2, name: 'shelf', isValidLeaf: false },
        { itemId: 3, name: 'page' },
      ],
      maskTypes: ['BLUR', 'CUSTOM', 'MASK_NONE', 'MASK_NULL'].map((name, n) => ({ itemId: n + 1, name })),
    },
    rowFilterDef: {
      accessTypes: [{ itemId: 1, name: 'read' }],
      resources: [
        { itemId: 1, name: 'archive', isValidLeaf: false },
        { itemId: 2, name: 'shelf' },
      ],
    },
  },
  accessTypes: pageAccess,
  reading: 'read',
  maskTypes: ['BLUR', 'CUSTOM', 'MASK_NONE', 'MASK_NULL'],
  levels: { 0: ['archive', 'shelf', 'page'], 1: ['archive', 'shelf', 'page'], 2: ['archive', 'shelf'] },
  paths: ['shelf'],
}

export const serviceDefs: readonly RandomServiceDef[] = [ofTopics, ofPages]

/** The tag service that goes with a service: its access and mask types bear the service's name. */
export function tagServiceDef({ json, accessTypes, maskTypes, reading }: RandomServiceDef): Json {
  const prefixed = (name: string): string => `${json.name}:${name}`
  return {
    id: 300,
    name: 'tag',
    options: { enableDenyAndExceptionsInPolicies: 'true' },
    resources: [
      {
        itemId: 1,
        name: 'tag',
        type: 'string',
        level: 1,
        parent: '',
        mandatory: true,
        recursiveSupported: false,
        excludesSupported: false,
        matcher: `${matchers}RangerDefaultResourceMatcher`,
        matcherOptions: { wildCard: 'true', ignoreCase: 'false' },
      },
    ],
    accessTypes: accessTypes.map(({ name, impliedGrants }, n) => ({
      itemId: 301_001 + n,
      name: prefixed(name),
      impliedGrants: impliedGrants.map(prefixed),
    })),
    policyConditions: [expression],
    contextEnrichers: [],
    enums: [],
    dataMaskDef: {
      accessTypes: [{ itemId: 301_001, name: prefixed(reading) }],
      resources: [{ itemId: 1, name: 'tag' }],
      maskTypes: maskTypes.map((name, n) => ({ itemId: 301_001 + n, name: prefixed(name) })),
    },
    rowFilterDef: {},
  }
}
