import { object } from '../../conformance/cases.ts'
import { engineTests, requestOf } from '../../conformance/ranger-engine-file.ts'
import { knownDifference } from './known-differences.ts'
import type { RandomService } from './random-service.ts'
import type { OracleAnswer, RangerOracle } from './ranger-oracle.ts'

/** What one question came to in both engines. */
export interface Difference {
  readonly policyType: 0 | 1 | 2
  readonly ours: OracleAnswer
  readonly rangers: OracleAnswer
  readonly test: Readonly<Record<string, unknown>>
}

export interface Comparison {
  readonly agreed: number
  readonly decided: number
  /** By the reason that the table of them gives. */
  readonly known: Readonly<Record<string, number>>
  readonly differences: readonly Difference[]
}

const policyTypes = [0, 1, 2] as const

/** Asks both engines the questions of a document. */
export async function compareOn(document: RandomService, oracle: RangerOracle): Promise<Comparison> {
  const known: Record<string, number> = {}
  const differences: Difference[] = []
  let agreed = 0
  let decided = 0
  for (const one of await askBoth(document, oracle)) {
    const { policyType, ours, rangers, test } = one
    if (ours.isAllowed === true || typeof ours.mask === 'string' || typeof ours.filter === 'string') decided++
    if (areAlike(one)) {
      agreed++
      continue
    }
    const agreesWithout = async (): Promise<boolean> => {
      const alone = { ...withoutStrangers(document, one), tests: [test] }
      return (await askBoth(alone, oracle)).every(other => other.policyType !== policyType || areAlike(other))
    }
    const reason = await knownDifference({
      document,
      test: { request: object(test.request) },
      policyType,
      ours,
      rangers,
      agreesWithout,
    })
    if (reason === null) differences.push(one)
    else known[reason] = (known[reason] ?? 0) + 1
  }
  return { agreed, decided, known, differences }
}

async function askBoth(document: RandomService, oracle: RangerOracle): Promise<readonly Difference[]> {
  const theirs = await oracle.decide(document)
  return engineTests({ path: '', name: 'random', json: document }).flatMap(({ test, engine }, n) => {
    const request = requestOf(test)
    return policyTypes.map(policyType => {
      const ours = answerOf(policyType, engine().evaluate(policyType, request))
      return { policyType, ours, rangers: theirs[n]?.[policyType] ?? {}, test }
    })
  })
}

/** Those policies are left without which our answer would be another. */
function withoutStrangers(document: RandomService, { policyType, ours, rangers, test }: Difference): RandomService {
  const answerTo = (policies: RandomService['policies']): string => {
    const [one] = engineTests({ path: '', name: 'random', json: { ...document, policies, tests: [test] } })
    return one === undefined ? '' : sorted(answerOf(policyType, one.engine().evaluate(policyType, requestOf(test))))
  }
  let policies = document.policies
  for (const policy of document.policies) {
    const others = policies.filter(other => other !== policy)
    const isRangers = policyType !== 0 && policy.id === rangers.policyId
    if (!isRangers && answerTo(others) === sorted(ours)) policies = others
  }
  return { ...document, policies }
}

const areAlike = ({ ours, rangers }: Difference): boolean => sorted(ours) === sorted(rangers)

type Decided = ReturnType<ReturnType<ReturnType<typeof engineTests>[number]['engine']>['evaluate']>

function answerOf(policyType: 0 | 1 | 2, { isAllowed, isAudited, policyId, mask, filter }: Decided): OracleAnswer {
  if (policyType === 0) return { isAllowed, isAudited }
  return policyType === 1
    ? { policyId, mask: mask?.maskType ?? null, value: mask?.resolvedValue ?? null }
    : { policyId, filter: filter?.resolvedFilter ?? null }
}

const sorted = (answer: OracleAnswer): string => JSON.stringify(Object.entries(answer).sort())
