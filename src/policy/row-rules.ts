import type { Problem } from '../errors.ts'
import { flattenedMetadata } from '../pipeline/decode/record-shapes.ts'
import type { ColumnExpression, ColumnRules, PolicyExpression, Projection, RowFilter } from '../pipeline/plan.ts'
import type { MaskingPolicyDocument } from './document.ts'
import { maskedColumns } from './inside-rules.ts'
import type { ExpressionFault } from './expression/expression-fault.ts'
import type { ParseOptions } from './expression/parse-options.ts'
import { parseExpression, parseProjectionItem } from './expression/parse.ts'
import { policyProblem } from './policy-problem.ts'

/** What one policy says of rows as a whole. */
export interface RowRules {
  readonly rowFilter: RowFilter | null
  readonly projection: Projection | null
  readonly problems: readonly Problem[]
}

export function readRowRules({ name, maskingPolicy }: MaskingPolicyDocument): RowRules {
  const problems: Problem[] = []
  return {
    rowFilter: readFilter(name, maskingPolicy.rowFilter, problems),
    projection: readProjection(name, maskingPolicy.projection, problems),
    problems,
  }
}

function readFilter(
  policy: string,
  written: MaskingPolicyDocument['maskingPolicy']['rowFilter'],
  problems: Problem[],
): RowFilter | null {
  if (written === undefined) return null
  const { filterExpr, dialect = 'scrim', undecidedDelete = 'delete', replicaIdentity } = written
  const read = readExpression(filterExpr, { dialect }, policy, 'maskingPolicy.rowFilter.filterExpr', problems)
  return read === null ? null : { ...read, undecidedDelete, isBeforeWhole: replicaIdentity === 'full' }
}

function readProjection(
  policy: string,
  written: MaskingPolicyDocument['maskingPolicy']['projection'],
  problems: Problem[],
): Projection | null {
  if (written === undefined) return null
  const path = 'maskingPolicy.projection'
  const columns = new Map<string, ColumnExpression>()
  const listed = Array.isArray(written.columns) ? written.columns : []
  for (const [index, text] of listed.entries()) {
    const read = parseProjectionItem(text, { dialect: 'scrim' })
    const place = `${path}.columns[${index}]`
    if ('fault' in read) problems.push(expressionProblem(read.fault, policy, place))
    else if (columns.has(read.name))
      problems.push(policyProblem('SCHEMA_PROJECTION', policy, place, `two columns would have the name ${read.name}`))
    else columns.set(read.name, { expression: read.expression, dialect: 'scrim', readsRaw: false, policy, path: place })
  }
  for (const [name, text] of Array.isArray(written.columns) ? [] : Object.entries(written.columns ?? {})) {
    const { valueExpr, dialect = 'scrim', readsRaw = false } = typeof text === 'string' ? { valueExpr: text } : text
    const read = readExpression(valueExpr, { dialect }, policy, `${path}.columns.${name}`, problems)
    if (read !== null) columns.set(name, { ...read, readsRaw })
  }
  const rename = new Map(Object.entries(written.rename ?? {}))
  const taken = [...columns.keys(), ...rename.values()]
  for (const name of taken) {
    if (flattenedMetadata.has(name))
      problems.push(policyProblem('SCHEMA_PROJECTION', policy, path, `${name} is a name of Debezium's own`))
    if (taken.filter(other => other === name).length > 1 && taken.indexOf(name) === taken.lastIndexOf(name) - 1)
      problems.push(policyProblem('SCHEMA_PROJECTION', policy, path, `two columns would have the name ${name}`))
  }
  const keep = written.keep === undefined ? null : new Set(written.keep)
  return { keep, drop: new Set(written.drop ?? []), rename, columns, policy, path }
}

/** Those that a policy names, and of which something else goes out than came in. */
export function hiddenColumns(rules: ColumnRules): string[] {
  const { byName, projection } = rules
  const isCut = (column: string): boolean => projection?.keep != null && !projection.keep.has(column)
  const projected = [...(projection?.drop ?? []), ...(projection?.columns.keys() ?? [])]
  return [...new Set([...maskedColumns(rules), ...projected, ...[...byName.keys()].filter(isCut)])]
}

/** Null where the text is no expression, which is then a problem. `values`: what its placeholders stand for. */
export function readExpression(
  text: string,
  options: ParseOptions,
  policy: string,
  path: string,
  problems: Problem[],
): PolicyExpression | null {
  const read = parseExpression(text, options)
  if ('expression' in read) return { expression: read.expression, dialect: options.dialect, policy, path }
  problems.push(expressionProblem(read.fault, policy, path))
  return null
}

const expressionProblem = ({ at, what }: ExpressionFault, policy: string, path: string): Problem =>
  policyProblem('POLICY_EXPRESSION', policy, path, `position ${at + 1}: ${what}`)
