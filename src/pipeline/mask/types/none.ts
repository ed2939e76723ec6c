import { dialectOnly } from '../dialect.ts'
import type { MaskType } from '../mask-type.ts'

/** The column may pass: naming it is what makes it known. */
export const none: MaskType = {
  summary: 'Leaves the value as it is and makes the column known.',
  effect: 'keep',
  params: dialectOnly,
  accepts: 'any type',
  produces: 'the same',
  uniqueness: 'preserved',
  needsKey: false,
  typeless: true,
  examples: [{ params: {}, type: 'string', input: 'Jaipur', output: 'Jaipur' }],
  bind: () => {
    throw new Error('a kept column is never bound')
  },
}
