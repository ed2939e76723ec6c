import { expect, test } from 'vitest'
import { sizeProblem } from '../../src/policy/set-size.ts'
import type { RangerDocument } from '../../src/policy/ranger-document.ts'

const policy = (members: object): RangerDocument => ({ name: 'big', ranger: { service: 'kafka', ...members } })
const many = (count: number, of: (at: number) => unknown): unknown[] => Array.from({ length: count }, (_, at) => of(at))

test.each<[string, RangerDocument, string | null]>([
  ['an ordinary policy', policy({ resources: { topic: { values: ['smart_citizen.*'] } } }), null],
  ['policies', policy({ policies: many(10_001, id => ({ id })) }), 'too many policies in one set'],
  [
    'values of one resource',
    policy({ resources: { field: { values: many(100_001, at => `c${at}`) } } }),
    'too many values of resources in one set',
  ],
  [
    'patterns in one zone',
    policy({
      securityZones: { z: { policies: [{ resources: { field: { values: many(2_001, at => `*${at}*`) } } }] } },
    }),
    'too many patterns of resources in one set',
  ],
  ['bare stars, which cost nothing', policy({ resources: { field: { values: many(2_001, () => '*') } } }), null],
  [
    'items of policies of tags',
    policy({ tagPolicies: { policies: [{ dataMaskPolicyItems: many(50_001, () => ({})) }] } }),
    'too many policy items in one set',
  ],
  [
    'conditions of an item',
    policy({ rowFilterPolicyItems: [{ conditions: many(20_001, () => ({})) }] }),
    'too many conditions in one set',
  ],
  [
    'zones',
    policy({ securityZones: Object.fromEntries(many(501, at => [`z${at}`, {}]) as [string, object][]) }),
    'too many security zones in one set',
  ],
])('%s', (_, document, message) => {
  expect(sizeProblem([document])?.detail ?? null).toBe(message)
})
