import { findMaskType, maskTypeName } from '../pipeline/mask/mask-types.ts'
import type { ColumnRule, ViewPlan } from '../pipeline/plan.ts'
import { isKnown, ruleOf } from '../pipeline/project/row-scope.ts'
import {
  isMaskingPolicy,
  isTableSchema,
  type MaskingPolicyDocument,
  type PolicyDocument,
  type TableSchemaDocument,
} from './document.ts'
import { isMeantFor } from './principals.ts'
import { rangerCandidates } from './ranger-candidates.ts'
import { readSelector } from './selector.ts'
import { topicPattern } from './topic-pattern.ts'
import { type Profile, readViews } from './view.ts'

/** Something a document says that could decide what becomes of a column, and whether it does. */
export interface Candidate {
  readonly policy: string
  /** Where it says so: `maskingPolicy.maskingConditions[3]`. */
  readonly path: string
  /** As it was written; null where it is none of a selector. */
  readonly selector: string | null
  /** The mask's name, or what else it would do. */
  readonly mask: string
  /** Of the mask, as they were written: names of keys, never keys. */
  readonly params: Readonly<Record<string, unknown>>
  readonly verdict: Verdict
  /** Names the winner, where there is one; null where the verdict says all. */
  readonly detail: string | null
}

/** Why something that could decide does not, in the order in which it is asked. */
export const verdicts = {
  applies: 'it decides',
  disabled: 'the policy is disabled',
  'other-readers': 'it is not for the readers of this view',
  'not-valid-now': 'its validity schedule does not hold now',
  condition: 'a condition of it does not hold',
  'access-type': 'it is for another type of access',
  'outranked-by-name': 'a rule that names the column goes before a wildcard, and before an accepted schema',
  'outranked-by-accepted-schema': 'a wildcard does not concern columns that an accepted schema names',
  'outranked-by-priority': 'a policy of higher priority decides',
  'outranked-by-hiding': 'at equal priority what hides goes before what leaves in clear',
  'outranked-by-order': 'at equal priority the first decides: policies by name, then conditions in their order',
  'outranked-by-strictness': 'of several policies the strictest counts',
} as const
export type Verdict = keyof typeof verdicts

/** What is said of the columns of one topic, by documents that concern it, whether they are enabled or not. */
export interface CandidateFinder {
  readonly of: (column: string) => readonly Candidate[]
  /** Names of the policies that concern the topic. */
  readonly policies: readonly { readonly name: string; readonly isEnabled: boolean; readonly priority: number }[]
  /** Columns that a document names literally. */
  readonly named: readonly string[]
}

interface Said {
  readonly document: MaskingPolicyDocument
  readonly path: string
  readonly selector: string
  /** Null: the wildcard. */
  readonly column: string | null
  /** It is on a part of the column. */
  readonly isPart: boolean
  readonly mask: string
  readonly params: Readonly<Record<string, unknown>>
}

/** `view`: as it is compiled of the same documents; null where no policy in force names the topic. What it says is the verdict; here it is only explained. */
export function findCandidates(
  documents: readonly PolicyDocument[],
  topic: string,
  view: ViewPlan | null,
  now: number,
): CandidateFinder {
  const policies = documents.filter(isMaskingPolicy).filter(document => concerns(document, topic))
  const views = readViews(documents, '${topic}.').views
  const profile = views.find(({ name }) => name === view?.view)?.profile ?? null
  const reader = profile ?? views[0]?.profile
  const ranger = reader === undefined ? null : rangerCandidates(documents, topic, reader, now)
  const priorities = new Map([
    ...policies.map(({ name, policyPriority = 0 }): [string, number] => [name, policyPriority]),
    ...(ranger?.policies ?? []).map(({ name, priority }): [string, number] => [name, priority]),
  ])
  const schemas = documents.filter(
    (document): document is TableSchemaDocument => isTableSchema(document) && document.tableSchema.topic === topic,
  )
  const said = policies.flatMap(saidBy)
  const byColumn = Map.groupBy(said, ({ column }) => column)

  function of(column: string): readonly Candidate[] {
    const winner = winnerOf(view, column)
    const isAccepted = view !== null && isKnown(column, view.rules)
    const conditions = [...(byColumn.get(column) ?? []), ...(byColumn.get(null) ?? [])]
    const of = (isPart: boolean): Candidate[] =>
      conditions
        .filter(one => one.isPart === isPart)
        .map(one => candidateOf(one, winner, { isAccepted, view, priorities, profile }))
    return [
      ...of(false),
      ...(ranger?.of(column, winner) ?? []),
      ...schemas.flatMap((document, n) => acceptance(document, column, winner, n === 0 ? null : schemas[0])),
      ...unknownActions(policies, view, winner !== null || isAccepted),
      ...of(true),
    ].sort((a, b) => Number(b.verdict === 'applies') - Number(a.verdict === 'applies'))
  }

  return {
    of,
    policies: [
      ...policies.map(({ name, isEnabled = true, policyPriority = 0 }) => ({
        name,
        isEnabled,
        priority: policyPriority,
      })),
      ...(ranger?.policies ?? []).map(policy => ({ ...policy, isEnabled: true })),
    ],
    named: [...byColumn.keys()].filter(column => column !== null),
  }
}

const concerns = ({ resources: { topic } }: MaskingPolicyDocument, name: string): boolean =>
  [topic].flat().some(text => topicPattern(text).matches(name))

function saidBy(document: MaskingPolicyDocument): Said[] {
  return document.maskingPolicy.maskingConditions.flatMap(
    ({ field, selectorDialect, maskType: name, ...params }, index) => {
      const selector = readSelector(field, selectorDialect)
      const maskType = findMaskType(name, params)
      if ('problem' in selector || maskType === undefined) return []
      const path = `maskingPolicy.maskingConditions[${index}]`
      return selector.targets
        .filter(({ isGuess }) => !isGuess)
        .map(({ column, inside }): Said => {
          const mask = maskTypeName(maskType)
          return { document, path, selector: field, column, isPart: inside !== null, mask, params }
        })
    },
  )
}

function winnerOf(view: ViewPlan | null, column: string): ColumnRule | null {
  if (view === null) return null
  const { rules } = view
  return ruleOf(column, rules)
}

function candidateOf(
  { document, path, selector, column, isPart, mask, params }: Said,
  winner: ColumnRule | null,
  at: {
    readonly isAccepted: boolean
    readonly view: ViewPlan | null
    readonly priorities: ReadonlyMap<string, number>
    readonly profile: Profile | null
  },
): Candidate {
  const candidate = (verdict: Verdict, detail: string | null = null): Candidate => ({
    policy: document.name,
    path,
    selector,
    mask,
    params,
    verdict,
    detail,
  })
  if (document.isEnabled === false) return candidate('disabled')
  if (at.profile !== null && !isMeantFor(document, at.profile)) return candidate('other-readers')
  // Rules on parts stand beside one another, under a column that passes.
  if (isPart) {
    const passes = winner === null ? at.isAccepted : winner.maskType.effect === 'keep'
    return passes ? candidate('applies') : candidate('outranked-by-hiding', winner === null ? null : winner.policy)
  }
  if (winner?.policy === document.name && winner.path === path) return candidate('applies')
  const by = winner === null ? null : `${winner.policy} ${winner.path}`
  const isWinnerNamed = winner !== null && [...(at.view?.rules.byName.values() ?? [])].includes(winner)
  if (column === null && isWinnerNamed) return candidate('outranked-by-name', by)
  if (column === null && at.isAccepted) return candidate('outranked-by-accepted-schema')
  const decisive = at.priorities.get(winner?.policy ?? '') ?? 0
  if (decisive > (document.policyPriority ?? 0)) return candidate('outranked-by-priority', by)
  return candidate(
    mask === 'none' && winner?.maskType.effect !== 'keep' ? 'outranked-by-hiding' : 'outranked-by-order',
    by,
  )
}

/** What a table schema says of the column: that it is known, and so may pass. */
function acceptance(
  { name, tableSchema }: TableSchemaDocument,
  column: string,
  winner: ColumnRule | null,
  first: TableSchemaDocument | null | undefined,
): Candidate[] {
  const index = tableSchema.columns.findIndex(one => one.name === column)
  if (index < 0) return []
  const verdict = first != null ? 'outranked-by-order' : winner === null ? 'applies' : 'outranked-by-name'
  const detail = first?.name ?? (winner === null ? null : `${winner.policy} ${winner.path}`)
  const path = `tableSchema.columns[${index}]`
  return [{ policy: name, path, selector: null, mask: 'none', params: {}, verdict, detail }]
}

/** What policies say of columns that nothing names. */
function unknownActions(
  policies: readonly MaskingPolicyDocument[],
  view: ViewPlan | null,
  isKnownColumn: boolean,
): Candidate[] {
  const enabled = policies.filter(({ isEnabled }) => isEnabled !== false)
  const isSaid = enabled.some(({ maskingPolicy }) => maskingPolicy.unknownColumns !== undefined)
  if (isKnownColumn) return []
  return policies.flatMap((document): Candidate[] => {
    const action = document.maskingPolicy.unknownColumns
    // Where none says anything, the first stands for what holds without a word.
    if (action === undefined && (isSaid || document !== enabled[0])) return []
    const isStrictest = view !== null && (action ?? 'hold') === view.rules.unknown
    const verdict = document.isEnabled === false ? 'disabled' : isStrictest ? 'applies' : 'outranked-by-strictness'
    return [
      {
        policy: document.name,
        path: 'maskingPolicy.unknownColumns',
        selector: null,
        mask: `unknown: ${action ?? 'hold'}`,
        params: {},
        verdict,
        detail: action === undefined ? 'the default' : null,
      },
    ]
  })
}
