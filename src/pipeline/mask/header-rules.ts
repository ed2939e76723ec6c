import { flattenedMetadata } from '../decode/record-shapes.ts'
import type { PlanSettings } from '../plan.ts'

/** Debezium writes the other key of a changed primary key here; it is masked as the key itself. */
export const isKeyHeader = (name: string): boolean => name === '__debezium.oldkey' || name === '__debezium.newkey'

/** Tracing headers carry identifiers made by the tracer, nothing of the row. */
const tracing = new Set(['traceparent', 'tracestate', 'tracingspancontext', 'b3'])

/**
 * May a header of this name pass? Only names of which we know that they tell about the record and not of the row: any
 * transform may copy a column into a header of its own, so all others are taken off unless the operator lists them.
 */
export function createHeaderRule({ headers }: Pick<PlanSettings, 'headers'>): (name: string) => boolean {
  const exact = new Set(headers.filter(name => !name.endsWith('*')))
  const prefixes = headers.filter(name => name.endsWith('*')).map(name => name.slice(0, -1))
  return name =>
    name.startsWith('__debezium.context.') ||
    flattenedMetadata.has(name) ||
    tracing.has(name) ||
    exact.has(name) ||
    prefixes.some(prefix => name.startsWith(prefix))
}
