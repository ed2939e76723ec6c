import { jsonpath } from 'json-p3'

/** What a `field` names: one column, or all columns that nothing names. */
export type FieldSelector = { readonly kind: 'column'; readonly column: string } | { readonly kind: 'wildcard' }

const images = new Set(['after', 'before', 'key'])

/**
 * Reads `after.email`, `email`, `after.*` or an RFC 9535 path such as `$.after['e mail']`. Whatever image is named, the
 * rule holds for all places of the column. Null: not a selector of one column.
 */
export function readSelector(field: string): FieldSelector | null {
  const names = field.startsWith('$') ? pathNames(field) : field.split('.')
  if (names === null) return null
  const [first = '', ...rest] = names[0] === 'payload' && names.length > 1 ? names.slice(1) : names
  const tail = images.has(first) && rest.length > 0 ? rest : [first, ...rest]
  const [column = ''] = tail
  if (tail.length !== 1 || column === '') return null
  return column === '*' ? { kind: 'wildcard' } : { kind: 'column', column }
}

/** The names of a path of plain names; `*` for a wildcard. Null for any other path, and for what is no path at all. */
function pathNames(path: string): string[] | null {
  let segments: ReturnType<typeof jsonpath.compile>['segments']
  try {
    ;({ segments } = jsonpath.compile(path))
  } catch {
    return null
  }
  const names: string[] = []
  for (const segment of segments) {
    const [selector, ...others] = segment.selectors
    // The class of a descendant segment is not exported; its canonical text begins with two dots.
    if (segment.toString().startsWith('..') || others.length > 0) return null
    if (selector instanceof jsonpath.selectors.NameSelector) {
      // A column of this name could not be told from the wildcard.
      if (selector.name === '*') return null
      names.push(selector.name)
    } else if (selector instanceof jsonpath.selectors.WildcardSelector) names.push('*')
    else return null
  }
  return names
}
