import { expect, test } from 'vitest'
import { createVariants } from '../../../src/pipeline/project/variants.ts'

test('a variant leaves out what was left out before, and is made once whatever the order', () => {
  const variant = createVariants(new Set(['a']), omitted => ({ omitted: [...omitted].sort() }))
  const one = variant(new Set(['c', 'b']))
  expect(one).toEqual({ omitted: ['a', 'b', 'c'] })
  expect(variant(new Set(['b', 'c', 'a']))).toBe(one)
  expect(variant(new Set(['b']))).toEqual({ omitted: ['a', 'b'] })
})

test.each(['a,b', 'a","b'])('the name %s is told from two', name => {
  const variant = createVariants(new Set(), omitted => ({ size: omitted.size }))
  expect(variant(new Set([name]))).toEqual({ size: 1 })
  expect(variant(new Set(['a', 'b']))).toEqual({ size: 2 })
})

test('so many combinations are remembered, the others made anew', () => {
  let made = 0
  const variant = createVariants(new Set(), () => ({ number: made++ }))
  for (const _ of [1, 2]) for (let n = 0; n < 100; n++) variant(new Set([`c${n}`]))
  expect(made).toBe(100 + 36)
})
