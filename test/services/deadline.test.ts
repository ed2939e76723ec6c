import { expect, test } from 'vitest'
import { createDeadline } from '../../src/services/deadline.ts'

test('all steps together have the time once, from the first start on', () => {
  let now = 1000
  const deadline = createDeadline(500, () => now)
  expect(deadline.leftMs()).toBe(500)
  now += 100
  expect(deadline.leftMs()).toBe(500)
  deadline.start()
  now += 200
  deadline.start()
  expect(deadline.leftMs()).toBe(300)
  now += 400
  expect(deadline.leftMs()).toBe(0)
})
