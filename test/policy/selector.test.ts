import { expect, test } from 'vitest'
import { readSelector } from '../../src/policy/selector.ts'

const column = (name: string) => ({ kind: 'column', column: name })

test.each([
  ['email', column('email')],
  ['after.email', column('email')],
  ['before.email', column('email')],
  ['key.email', column('email')],
  ['payload.after.email', column('email')],
  ['$.after.email', column('email')],
  ["$.after['e mail']", column('e mail')],
  ['$.after["a.b"]', column('a.b')],
  ['$["payload"]["after"]["आधार"]', column('आधार')],
  ['$.email', column('email')],
  ['after', column('after')],
  ['key', column('key')],
  ['after.after', column('after')],
  ['after.__proto__', column('__proto__')],
  ["$.after['*']", null],
  ['after.*', { kind: 'wildcard' }],
  ['*', { kind: 'wildcard' }],
  ['$.after.*', { kind: 'wildcard' }],
  ['after.address.city', null],
  ['$.after.address.city', null],
  ['$..email', null],
  ['$.after[0]', null],
  ['$.after[?@.x]', null],
  ['$.after["a","b"]', null],
  ['$.after[1:2]', null],
  ['$', null],
  ['$.', null],
  ['$after', null],
  ['after.', null],
  ['.email', null],
  ['', null],
])('%s', (field, selector) => {
  expect(readSelector(field)).toEqual(selector)
})
