import type { CompareOperator } from '../../pipeline/expression/expression.ts'

/** Every spelling of a comparison. */
export const compareOperators: ReadonlyMap<string, CompareOperator> = new Map([
  ['=', '='],
  ['==', '='],
  ['<>', '<>'],
  ['!=', '<>'],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
])

/** Words of the grammar that cannot name a column without quotes. */
const reserved: ReadonlySet<string> = new Set(
  'and or not in is null true false between like escape case when then else end as cast'.split(' '),
)

export const isReserved = (word: string): boolean => reserved.has(word)

const subquery = 'subqueries are not supported: an expression sees one row'

/** Words of SQL that we know and do not take, with the reason. */
export const foreignWords: ReadonlyMap<string, string> = new Map([
  ['select', subquery],
  ['with', subquery],
  ['exists', subquery],
  ['from', subquery],
  ['where', 'write the condition alone, without WHERE'],
  ['any', subquery],
  ['all', subquery],
  ['some', subquery],
  ['union', subquery],
  ['distinct', 'aggregates need many rows: an expression sees one'],
  ['over', 'windows need many rows: an expression sees one'],
  ['interval', 'intervals are not supported: write date_add or date_sub'],
  ['rlike', 'regular expressions are not supported: write LIKE'],
  ['regexp', 'regular expressions are not supported: write LIKE'],
  ['similar', 'regular expressions are not supported: write LIKE'],
  ['ilike', 'write lower(...) LIKE ...'],
  ['collate', 'texts are compared by code points'],
  ['array', 'arrays are not supported'],
])

const aggregates: ReadonlySet<string> = new Set(
  (
    'count sum avg min max stddev stddev_pop stddev_samp variance var_pop var_samp collect_list collect_set array_agg ' +
    'string_agg group_concat listagg bool_and bool_or every corr percentile percentile_approx approx_distinct ' +
    'row_number rank dense_rank ntile lag lead first_value last_value'
  ).split(' '),
)
const regularExpressions: ReadonlySet<string> = new Set(
  'regexp_replace regexp_extract regexp_like regexp_matches regexp_count regexp rlike'.split(' '),
)
const neverTheSame: ReadonlySet<string> = new Set('rand random uuid gen_random_uuid'.split(' '))

/** Why a function of this name is not known. */
export function foreignFunction(written: string): string {
  const name = written.toLowerCase()
  if (aggregates.has(name)) return 'aggregates and windows need many rows: an expression sees one'
  if (regularExpressions.has(name)) return 'regular expressions are not supported: write LIKE'
  if (neverTheSame.has(name)) return 'the result would differ each time that the record is read'
  return foreignWords.get(name) ?? 'unknown function'
}
