import { bindDialect, dialectOnly, looseDialects } from '../dialect.ts'
import type { MaskType } from '../mask-type.ts'
import { showFour } from '../show-four.ts'

const dialects = showFour('last')

/** Ranger's MASK_SHOW_LAST_4. */
export const showLast4: MaskType = {
  summary: `Ranger’s MASK_SHOW_LAST_4: keeps the last four characters, x for the other letters and digits, 1 in numbers; a value of four or fewer is masked whole. ${looseDialects}`,
  effect: 'rewrite',
  params: dialectOnly,
  accepts: 'string without a logical type; integers',
  produces: 'the same type',
  uniqueness: 'not-guaranteed',
  needsKey: false,
  typeless: false,
  hasLooseDialects: true,
  examples: [
    { params: {}, type: 'string', input: '1234-5678-9012', output: 'xxxx-xxxx-9012' },
    { params: {}, type: 'string', input: '9012', output: 'xxxx' },
    { params: {}, type: 'string', input: '+9012', output: '+xxxx' },
    { params: {}, type: 'string', input: 'राजेश कुमार', output: 'xxxxx कुमार' },
    { params: {}, type: 'int32', input: -123_456, output: -113_456 },
    { params: { dialect: 'hive' }, type: 'string', input: '9012', output: '9012' },
    { params: { dialect: 'trino' }, type: 'string', input: '1234-5678-9012', output: 'XXXXXXXXXX9012' },
    { params: { dialect: 'nestedstructure' }, type: 'string', input: 'abcde', output: 'xbcde' },
  ],
  bind: (params, type) => bindDialect(dialects, params, type),
}
