import type { Problem } from '../errors.ts'
import type { Plan } from '../pipeline/plan.ts'
import { batchOfLines, lineProblem, type MaskedLine, type OutcomeLine, outcomeLines } from '../pipeline/record-line.ts'
import { createTransform, type Transform } from '../pipeline/transform.ts'
import { isMaskingPolicy, type MaskingPolicyDocument, type PolicyDocument } from './document.ts'
import { policyProblem } from './policy-problem.ts'
import type { PolicyTest } from './policy-tests.ts'
import { testRecord } from './test-record.ts'
import { topicPattern } from './topic-pattern.ts'

/** What came of one test of a policy. Texts tell of kinds and lengths; values are those that the test's author wrote. */
export interface TestResult {
  readonly policy: string
  readonly index: number
  readonly name: string | null
  readonly passed: boolean
  readonly failures: readonly TestFailure[]
}

export interface TestFailure {
  /** `tests[2].expect.email`. */
  readonly path: string
  readonly detail: string
}

const MAX_TESTS = 10_000

/**
 * Runs the tests of these policies one by one, those of disabled ones left out, against a plan of the set. The plan's caches fill:
 * it must be none that the stream uses. `isLate`: no more of them are run, and those left have failed.
 */
export function* runPolicyTests(
  documents: readonly PolicyDocument[],
  plan: Plan,
  { isLate = () => false }: { readonly isLate?: () => boolean } = {},
): Generator<TestResult, void, void> {
  const transform = createTransform()
  let count = 0
  for (const document of documents) {
    if (!isMaskingPolicy(document) || document.isEnabled === false) continue
    for (const [index, test] of (document.tests ?? []).entries()) {
      const path = `tests[${index}]`
      const isTooMany = ++count > MAX_TESTS || isLate()
      const failures = isTooMany
        ? [{ path, detail: 'not run: the tests of the set are too many or take too long' }]
        : runTest(test, path, document, plan, transform)
      const { name = null } = test
      yield { policy: document.name, index, name, passed: failures.length === 0, failures }
    }
  }
}

/** Has a policy of the set tests to run? */
export const hasTests = (documents: readonly PolicyDocument[]): boolean =>
  documents.some(document => isMaskingPolicy(document) && (document.tests?.length ?? 0) > 0)

/** Those that failed, as problems that refuse the set. */
export const testProblems = (results: readonly TestResult[]): Problem[] =>
  results.flatMap(({ policy, name, failures }) =>
    failures.map(({ path, detail }) =>
      policyProblem('POLICY_TEST_FAILED', policy, path, name === null ? detail : `${name}: ${detail}`),
    ),
  )

function runTest(
  test: PolicyTest,
  path: string,
  document: MaskingPolicyDocument,
  plan: Plan,
  transform: Transform,
): TestFailure[] {
  if ((test.row === undefined) === (test.record === undefined))
    return [{ path, detail: 'needs either `row` or `record`' }]
  const topic = test.topic ?? topicOf(document)
  const topicPlan = plan.forTopic(topic, { compacted: false })
  if (topicPlan === null) {
    const code = expectedCode(test)
    if (code === 'RECORD_TOPIC_WITHOUT_POLICY') return []
    return [{ path: `${path}.topic`, detail: `no policy names the topic ${topic}` }]
  }
  const views = topicPlan.views.filter(({ view }) => test.view === undefined || view === test.view)
  if (views.length === 0) return [{ path: `${path}.view`, detail: 'the topic has no such view' }]
  const found = views.flatMap(({ view, rules }) => {
    const line = testRecord(test, topic, rules.tableSchema)
    const fault = lineProblem(line)
    if (fault !== null) return [{ path: `${path}.record`, detail: fault }]
    const outcomes = outcomeLines([line], transform(batchOfLines([line]), topicPlan))
    const outcome = outcomes.find(one => one.view === view)
    const where = views.length === 1 ? '' : `view ${view}: `
    return judge(test, outcome, path).map(failure => ({ ...failure, detail: `${where}${failure.detail}` }))
  })
  return found.slice(0, MAX_FAILURES)
}

const MAX_FAILURES = 50

function topicOf({ resources: { topic } }: MaskingPolicyDocument): string {
  const [first = ''] = [topic].flat()
  return topicPattern(first).isLiteral ? first : first.replace(/[*?]/g, 'x')
}

/** What `expect` says when it names no columns. */
function expectedOutcome({ expect, row = {} }: PolicyTest): 'dropped' | 'deleted' | 'rejected' | null {
  const [name, ...others] = Object.keys(expect)
  if (name === undefined || others.length > 0 || Object.hasOwn(row, name)) return null
  const isTrue = expect[name] === true
  if (name === 'dropped' || name === 'deleted') return isTrue ? name : null
  return name === 'rejected' && typeof expect[name] === 'string' ? 'rejected' : null
}

const expectedCode = (test: PolicyTest): unknown =>
  expectedOutcome(test) === 'rejected' ? test.expect.rejected : undefined

function judge(test: PolicyTest, outcome: OutcomeLine | undefined, path: string): TestFailure[] {
  const expected = expectedOutcome(test)
  const place = expected === null ? `${path}.expect` : `${path}.expect.${expected}`
  if (outcome?.outcome === 'reject') {
    if (expected === 'rejected' && test.expect.rejected === outcome.code) return []
    return [{ path: place, detail: `the record is rejected: ${outcome.code} at ${outcome.where}` }]
  }
  if (outcome === undefined || outcome.outcome === 'drop') {
    if (expected === 'dropped') return []
    return [{ path: place, detail: `the record is dropped: ${outcome?.reason ?? 'not for this view'}` }]
  }
  const { row, isDelete } = publishedRow(outcome.record)
  if (expected === 'deleted') return isDelete ? [] : [{ path: place, detail: 'the record is published as no delete' }]
  if (expected !== null) return [{ path: place, detail: 'the record is published' }]
  return judgeRow(test, row, path)
}

function judgeRow({ expect, absent = [], exact = false }: PolicyTest, row: Row, path: string): TestFailure[] {
  const failures: TestFailure[] = []
  for (const [name, wanted] of Object.entries(expect)) {
    const found = valueAt(row, name)
    if (found === undefined) failures.push({ path: `${path}.expect.${name}`, detail: 'it is not published' })
    else if (!isEqual(wanted, found))
      failures.push({
        path: `${path}.expect.${name}`,
        detail: `expected ${kindText(wanted)}, it is ${kindText(found)}`,
      })
  }
  absent.forEach((name, n) => {
    if (valueAt(row, name) !== undefined)
      failures.push({ path: `${path}.absent[${n}]`, detail: `${name} is published` })
  })
  // Whatever is published is a name of the test's own row or of the set.
  for (const name of exact ? Object.keys(row) : [])
    if (!Object.hasOwn(expect, name)) failures.push({ path: `${path}.exact`, detail: `${name} is published, too` })
  return failures
}

type Row = Readonly<Record<string, unknown>>

/** The row that a sink would write: `after`, else `before`, else the flattened row. */
function publishedRow({ value }: MaskedLine): { readonly row: Row; readonly isDelete: boolean } {
  if (value === null) return { row: {}, isDelete: true }
  const root = asRow(JSON.parse(Buffer.from(value, 'base64').toString()))
  const payload = Object.hasOwn(root, 'schema') && Object.hasOwn(root, 'payload') ? asRow(root.payload) : root
  const isEvent = Object.hasOwn(payload, 'op') && (Object.hasOwn(payload, 'after') || Object.hasOwn(payload, 'before'))
  if (!isEvent) return { row: payload, isDelete: payload.__deleted === 'true' }
  return { row: asRow(payload.after ?? payload.before), isDelete: payload.op === 'd' }
}

const asRow = (value: unknown): Row => (typeof value === 'object' && value !== null ? (value as Row) : {})

/** A column, or a path into one: JSON text is looked into. Undefined where there is none. */
function valueAt(row: Row, name: string): unknown {
  if (Object.hasOwn(row, name)) return row[name]
  let at: unknown = row
  for (const part of name.split(/\.|(?=\[)/)) {
    const inside = typeof at === 'string' ? parsed(at) : at
    const member = part.replace(/^\[(\d+)\]$/, '$1')
    if (typeof inside !== 'object' || inside === null || !Object.hasOwn(inside, member)) return undefined
    at = (inside as Row)[member]
  }
  return at
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** An object or a list is also equal to JSON text that says the same. */
function isEqual(wanted: unknown, found: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return wanted === found
  const inside = typeof found === 'string' ? parsed(found) : found
  if (typeof inside !== 'object' || inside === null || Array.isArray(wanted) !== Array.isArray(inside)) return false
  const names = Object.keys(wanted)
  return (
    names.length === Object.keys(inside).length &&
    names.every(name => Object.hasOwn(inside, name) && isEqual((wanted as Row)[name], (inside as Row)[name]))
  )
}

/** What a value is, never what it says: the hash of a guess must not be told. */
function kindText(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return `text of ${[...value].length} characters`
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `another ${typeof value}`
}
