import Type from 'typebox'
import type { MaskType } from '../mask-type.ts'

/** Takes the column out of payload and schema block. */
export const drop: MaskType = {
  summary: 'Removes the column from the payload and from the schema block.',
  effect: 'remove',
  params: Type.Object({}, { additionalProperties: false }),
  accepts: 'any type',
  produces: 'nothing',
  uniqueness: 'lossy',
  needsKey: false,
  typeless: true,
  examples: [],
  bind: () => {
    throw new Error('a removed column is never bound')
  },
}
