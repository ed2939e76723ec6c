import type { Problem } from '../errors.ts'
import { connectKinds, type SchemaColumn, type TableSchema } from '../pipeline/schema.ts'
import type { TableSchemaDocument } from './document.ts'
import { shapeProblem } from './policy-problem.ts'

/** The columns of a `tableSchema` document; a type that Connect does not have is a problem. */
export function readTableSchema(document: TableSchemaDocument): {
  readonly schema: TableSchema
  readonly problems: readonly Problem[]
} {
  const problems: Problem[] = []
  const columns: SchemaColumn[] = []
  document.tableSchema.columns.forEach(({ name, type, logical, optional, parameters }, index) => {
    const kind = connectKinds.find(known => known === type)
    if (kind === undefined) {
      const path = `tableSchema.columns[${index}].type`
      problems.push(shapeProblem(document.name, path, 'is no Connect type'))
      return
    }
    columns.push({
      name,
      type: {
        kind,
        logical: logical ?? null,
        optional: optional ?? false,
        parameters: new Map(Object.entries(parameters ?? {})),
      },
    })
  })
  return { schema: { columns }, problems }
}

/** The document that makes these columns known, as `scrim check --accept-schema` stores it. */
export function tableSchemaFor(topic: string, columns: readonly SchemaColumn[]): TableSchemaDocument {
  return {
    name: `schema:${topic}`,
    tableSchema: {
      topic,
      columns: columns.map(({ name, type }) => ({
        name,
        type: type.kind,
        ...(type.logical === null ? {} : { logical: type.logical }),
        optional: type.optional,
        ...(type.parameters.size === 0 ? {} : { parameters: Object.fromEntries(type.parameters) }),
      })),
    },
  }
}
