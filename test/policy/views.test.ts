import { describe, expect, test } from 'vitest'
import { compile, transform } from '../../src/engine.ts'

const topic = 'shop.public.people'

const policy = (name: string, conditions: Record<string, unknown>[], more: Record<string, unknown> = {}) => ({
  name,
  resources: { topic },
  maskingPolicy: { maskingConditions: conditions },
  ...more,
})
const view = (name: string, more: Record<string, unknown> = {}) => ({
  name,
  outputTopic: `\${topic}.masked.${name}`,
  ...more,
})

const record = {
  topic,
  offset: 1,
  key: null,
  value: { before: null, after: { city: 'Jaipur', income: 'low' }, source: {}, op: 'c', ts_ms: 1 },
}

/** What each view makes of the record: its row after, or why there is none. */
function seen(documents: unknown[]): Record<string, unknown> {
  const { plan, problems } = compile(documents)
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  return Object.fromEntries(
    transform([record], plan!).map(outcome => {
      if (outcome.outcome !== 'publish') return ['view' in outcome ? outcome.view : '', outcome]
      const value = Buffer.from(outcome.record.value!, 'base64').toString()
      return [outcome.view, { topic: outcome.record.topic, ...(JSON.parse(value) as { after: object }).after }]
    }),
  )
}

const problemsOf = (documents: unknown[]) =>
  compile(documents).problems.map(({ code, where }) => [code, where.policy, where.path])

describe('one raw topic, several masked ones', () => {
  const forAll = policy('city', [{ field: 'city', maskType: 'none' }])
  const hidden = policy('income', [{ field: 'income', maskType: 'full', maskValue: 'X' }])

  test('each view has the policies that are meant for its readers', () => {
    const analysts = policy('analysts', [{ field: 'income', maskType: 'none' }], {
      groups: ['analysts'],
      policyPriority: 1,
    })
    expect(seen([forAll, hidden, analysts, view('all'), view('analytics', { groups: ['analysts'] })])).toEqual({
      all: { topic: `${topic}.masked.all`, city: 'Jaipur', income: 'X' },
      analytics: { topic: `${topic}.masked.analytics`, city: 'Jaipur', income: 'low' },
    })
  })

  test('a column that no policy for these readers names is unknown to them', () => {
    const analysts = policy('analysts', [{ field: 'income', maskType: 'none' }], { groups: ['analysts'] })
    expect(seen([forAll, analysts, view('all'), view('analytics', { groups: ['analysts'] })])).toEqual({
      all: expect.objectContaining({ outcome: 'reject', code: 'RECORD_UNKNOWN_COLUMN' }),
      analytics: expect.objectContaining({ city: 'Jaipur', income: 'low' }),
    })
  })

  test('users and roles are told apart from groups, and spelling counts', () => {
    const only = (more: Record<string, unknown>) => [
      forAll,
      hidden,
      policy('open', [{ field: 'income', maskType: 'none' }], { policyPriority: 1, ...more }),
      view('a', { user: 'asha' }),
      view('b', { groups: ['asha'] }),
      view('c', { roles: ['asha'] }),
      view('d', { user: 'Asha', groups: ['Asha'], roles: ['Asha'] }),
    ]
    const clear = (documents: unknown[]) =>
      Object.entries(seen(documents))
        .filter(([, row]) => (row as { income: string }).income === 'low')
        .map(([name]) => name)
    expect(clear(only({ users: ['asha'] }))).toEqual(['a'])
    expect(clear(only({ groups: ['asha'] }))).toEqual(['b'])
    expect(clear(only({ roles: ['asha'] }))).toEqual(['c'])
    expect(clear(only({ groups: ['public'] }))).toEqual(['a', 'b', 'c', 'd'])
    expect(clear(only({ users: ['public'] }))).toEqual([])
    expect(clear(only({ groups: [] }))).toEqual([])
  })

  test('a view without a policy for the topic is not made of it; without any the topic is not read', () => {
    const analysts = policy('analysts', [{ field: '*', maskType: 'null' }], { groups: ['analysts'] })
    expect(Object.keys(seen([analysts, view('all'), view('analytics', { groups: ['analysts'] })]))).toEqual([
      'analytics',
    ])
    expect(compile([analysts, view('all')]).plan?.names(topic)).toBe(false)
    expect(compile([analysts, view('all')]).plan?.forTopic(topic, { compacted: false })).toBe(null)
  })

  test('a view may name the topics that it is made of', () => {
    const views = [view('all'), view('other', { topics: ['shop.public.o*'] })]
    expect(Object.keys(seen([forAll, hidden, ...views]))).toEqual(['all'])
  })

  test('the views of a file may stand in a list of their own', () => {
    expect(Object.keys(seen([forAll, hidden, { views: [view('a'), view('b')] }]))).toEqual(['a', 'b'])
  })
})

describe('refused', () => {
  const one = policy('one', [{ field: 'city', maskType: 'none' }])
  test.each([
    ['a template without the topic', view('a', { outputTopic: 'masked' })],
    ['a template that is the topic', view('a', { outputTopic: '${topic}' })],
    ['the topic twice', view('a', { outputTopic: '${topic}.${topic}' })],
    ['no legal name', view('a', { outputTopic: '${topic}/x' })],
  ])('%s', (_why, document) => {
    expect(problemsOf([one, document])).toContainEqual(['POLICY_TOPIC_NAME', 'a', 'outputTopic'])
  })

  test('two views with one output', () => {
    const documents = [one, view('a'), view('b', { outputTopic: '${topic}.masked.a' })]
    expect(problemsOf(documents)).toContainEqual(['POLICY_VIEW_OUTPUT', 'b', 'outputTopic'])
  })

  test('templates that make one name of two topics', () => {
    const both = { ...one, resources: { topic: ['a', 'a.b'] } }
    const views = [view('x', { outputTopic: '${topic}.b.m' }), view('y', { outputTopic: '${topic}.m' })]
    expect(problemsOf([both, ...views])).toContainEqual(['POLICY_VIEW_OUTPUT', 'y', 'outputTopic'])
  })

  test('the same by patterns is not read', () => {
    const both = { ...one, resources: { topic: 'a*' } }
    const { plan } = compile([
      both,
      view('x', { outputTopic: '${topic}.b.m' }),
      view('y', { outputTopic: '${topic}.m' }),
    ])
    expect(plan?.forTopic('a', { compacted: false })?.views).toHaveLength(2)
    expect(plan?.forTopic('a.b', { compacted: false })).toBe(null)
  })

  test('the output of any view as an input', () => {
    const looped = { ...one, resources: { topic: [topic, `${topic}.masked.b`] } }
    expect(problemsOf([looped, view('a'), view('b')])).toContainEqual(['POLICY_TOPIC_LOOP', 'one', 'resources.topic'])
    const wild = { ...one, resources: { topic: 'shop.*' } }
    const { plan } = compile([wild, view('a'), view('b')])
    expect(plan?.names(`${topic}.masked.b`)).toBe(false)
    expect(plan?.names(topic)).toBe(true)
  })

  test('a view under the name of a policy', () => {
    expect(problemsOf([one, view('one')])).toContainEqual(['POLICY_DUPLICATE_NAME', 'one', 'name'])
  })

  test('more views than one set may have', () => {
    const many = Array.from({ length: 101 }, (_, n) => view(`v${n}`))
    expect(problemsOf([one, ...many])).toContainEqual(['POLICY_SHAPE', 'policies', undefined])
  })
})
