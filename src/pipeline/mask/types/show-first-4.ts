import { bindDialect, dialectOnly, looseDialects } from '../dialect.ts'
import type { MaskType } from '../mask-type.ts'
import { showFour } from '../show-four.ts'

const dialects = showFour('first')

/** Ranger's MASK_SHOW_FIRST_4. */
export const showFirst4: MaskType = {
  summary: `Ranger’s MASK_SHOW_FIRST_4: keeps the first four characters, x for the other letters and digits, 1 in numbers; a value of four or fewer is masked whole. ${looseDialects}`,
  effect: 'rewrite',
  params: dialectOnly,
  accepts: 'string without a logical type; integers',
  produces: 'the same type',
  uniqueness: 'not-guaranteed',
  needsKey: false,
  typeless: false,
  hasLooseDialects: true,
  examples: [
    { params: {}, type: 'string', input: 'ABCDE1234F', output: 'ABCDxxxxxx' },
    { params: {}, type: 'string', input: '123-45-6789', output: '123-xx-xxxx' },
    { params: {}, type: 'string', input: 'abcd', output: 'xxxx' },
    { params: {}, type: 'int64', input: 123_456_789, output: 123_411_111 },
    { params: { dialect: 'hive' }, type: 'string', input: 'abcd', output: 'abcd' },
    { params: { dialect: 'trino' }, type: 'string', input: '123-45-6789', output: '123-XXXXXXX' },
    { params: { dialect: 'nestedstructure' }, type: 'string', input: 'abcde', output: 'abcdx' },
  ],
  bind: (params, type) => bindDialect(dialects, params, type),
}
