import { describe, expect, test } from 'vitest'
import { applyJsonPatch, diffDocuments } from '../../src/policy/json-patch.ts'
import { aPolicy } from '../support/policy-documents.ts'

describe('applyJsonPatch', () => {
  test('leaves its target as it is', () => {
    const target = { a: { b: [1] } }
    expect(applyJsonPatch(target, [{ op: 'add', path: '/a/b/-', value: 2 }])).toEqual({ a: { b: [1, 2] } })
    expect(target).toEqual({ a: { b: [1] } })
  })

  const refused: [name: string, patch: unknown, path: string][] = [
    ['not a list', { op: 'add' }, 'patch'],
    ['an operation that is no object', ['x'], 'patch[0]'],
    ['an unknown operation', [{ op: 'frobnicate', path: '/a' }], 'patch[0].op'],
    ['an operation that only the prototype has', [{ op: 'constructor', path: '/a' }], 'patch[0].op'],
    ["the library's own _get", [{ op: '_get', path: '/a' }], 'patch[0].op'],
    ['a path that is no pointer', [{ op: 'remove', path: 'a' }], 'patch[0].path'],
    ['a member that is not there', [{ op: 'remove', path: '/zzz' }], 'patch[0]'],
    ['a failing test', [{ op: 'test', path: '/a', value: 2 }], 'patch[0]'],
    ['an index beyond the end', [{ op: 'add', path: '/list/9', value: 1 }], 'patch[0]'],
    ['a copy without from', [{ op: 'copy', path: '/b' }], 'patch[0].from'],
    ['a copy from nowhere', [{ op: 'copy', from: '/x/y/z', path: '/b' }], 'patch[0].from'],
    [
      'the second of two',
      [
        { op: 'add', path: '/b', value: 1 },
        { op: 'remove', path: '/zzz' },
      ],
      'patch[1]',
    ],
  ]
  test.each(refused)('refuses %s', (_name, patch, path) => {
    expect(() => applyJsonPatch({ a: 1, list: [] }, patch)).toThrow(
      expect.objectContaining({ code: 'REQUEST_PATCH', where: { path } }),
    )
  })

  const polluting: [name: string, operation: unknown][] = [
    ['__proto__', { op: 'add', path: '/__proto__/polluted', value: 1 }],
    ['__proto__ deeper down', { op: 'add', path: '/a/__proto__/polluted', value: 1 }],
    ['constructor.prototype', { op: 'add', path: '/constructor/prototype/polluted', value: 1 }],
    ['constructor alone', { op: 'add', path: '/constructor', value: {} }],
    ['replacing __proto__', { op: 'replace', path: '/__proto__', value: { polluted: 1 } }],
    ['copying into __proto__', { op: 'copy', from: '/a', path: '/__proto__/polluted' }],
    ['copying from the constructor', { op: 'copy', from: '/constructor/prototype', path: '/a/x' }],
    ['moving __proto__', { op: 'move', from: '/__proto__', path: '/a/x' }],
    [
      'a value with an own __proto__',
      { op: 'add', path: '/x', value: JSON.parse('{"deep":[{"__proto__":{"polluted":1}}]}') },
    ],
  ]
  test.each(polluting)('cannot be made to pollute a prototype: %s', (_name, operation) => {
    expect(() => applyJsonPatch({ a: {} }, [operation])).toThrow(expect.objectContaining({ code: 'REQUEST_PATCH' }))
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test('copies that double each time are stopped', () => {
    const patch = Array.from({ length: 60 }, (_, n) => ({ op: 'copy', from: '', path: `/c${n}` }))
    expect(() => applyJsonPatch({ a: 'x'.repeat(100) }, patch)).toThrow(
      expect.objectContaining({ code: 'REQUEST_PATCH' }),
    )
  })
})

describe('diffDocuments', () => {
  test('is empty for the same documents in another order', () => {
    expect(diffDocuments([aPolicy('a'), aPolicy('b')], [aPolicy('b'), aPolicy('a')])).toEqual([])
  })

  test('leads from one set to the other', () => {
    const from = [aPolicy('a'), aPolicy('a/b~c')]
    const to = [aPolicy('a', 'hash'), aPolicy('d')]
    const patched = applyJsonPatch(Object.fromEntries(from.map(one => [one.name, one])), diffDocuments(from, to))
    expect(Object.values(patched as object)).toEqual(to)
  })
})
