import type { Problem } from '../errors.ts'
import type { TableSchemaDocument } from './document.ts'
import type { ViewPolicies } from './view-policies.ts'

/** Warnings are a service, within bounds. */
const MAX_WARNINGS = 100

/**
 * Columns that policies name for one topic and that its declared or accepted schema does not have: a column that was
 * renamed is the classic leak, if something else makes its new name known. Of policies for many topics nothing is told.
 */
export function unmetColumns(views: readonly ViewPolicies[], schemas: readonly TableSchemaDocument[]): Problem[] {
  const problems: Problem[] = []
  for (const { tableSchema } of schemas) {
    const known = new Set(tableSchema.columns.map(({ name }) => name))
    for (const { patterns, columns } of new Set(views.flatMap(({ applying }) => applying(tableSchema.topic)))) {
      if (!patterns.every(({ isLiteral, text }) => isLiteral && text === tableSchema.topic)) continue
      for (const { column, rule } of columns) {
        if (known.has(column)) continue
        if (problems.length === MAX_WARNINGS) return problems
        const where = { policy: rule.policy, path: rule.path }
        problems.push({ code: 'POLICY_COLUMN_UNMET', severity: 'warning', where, detail: `column ${column}` })
      }
    }
  }
  return problems
}
