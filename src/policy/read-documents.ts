import { Value } from 'typebox/value'
import type { Problem } from '../errors.ts'
import {
  isMaskingPolicy,
  maskingPolicyDocument,
  type PolicyDocument,
  tableSchemaDocument,
  viewDocument,
} from './document.ts'
import { exportedPolicies, rangerDocument, rangerShape, wrapRanger } from './ranger-document.ts'
import { shapeProblem } from './policy-problem.ts'

export interface ReadDocuments {
  readonly documents: readonly PolicyDocument[]
  readonly problems: readonly Problem[]
}

const MAX_PROBLEMS = 100

/** Reads one parsed file or request body: a document or an array of them. `origin` names it in problems. */
export function readDocuments(json: unknown, origin: string): ReadDocuments {
  const list = unfold(json)
  if (list.length > MAX_ENTRIES)
    return { documents: [], problems: [shapeProblem(origin, '', 'has too many documents')] }
  const documents: PolicyDocument[] = []
  const problems: Problem[] = []
  list.forEach((candidate: unknown, index) => {
    if (problems.length >= MAX_PROBLEMS) return
    const result = readDocument(candidate, list.length === 1 ? origin : `${origin}[${index}]`)
    if ('problems' in result) problems.push(...result.problems.slice(0, MAX_PROBLEMS))
    else documents.push(result.document)
  })
  return { documents, problems: problems.slice(0, MAX_PROBLEMS) }
}

/** A list of documents, however it was written: alone, as an array, as the `views` of a file, as an export of Ranger's. */
function unfold(json: unknown): readonly unknown[] {
  return (Array.isArray(json) ? json : [json]).flatMap(entry => {
    if (!isObject(entry)) return [entry]
    return exportedPolicies(entry) ?? viewList(entry) ?? [entry]
  })
}

const isObject = (json: unknown): json is Readonly<Record<string, unknown>> =>
  typeof json === 'object' && json !== null && !Array.isArray(json)

const viewList = (json: Readonly<Record<string, unknown>>): readonly unknown[] | null =>
  Object.keys(json).join() === 'views' && Array.isArray(json.views) ? json.views : null

function readDocument(candidate: unknown, origin: string): { document: PolicyDocument } | { problems: Problem[] } {
  if (!isObject(candidate)) return { problems: [shapeProblem(origin, '', 'must be an object')] }
  const rangers = rangerShape(candidate)
  if (rangers !== null) return { document: wrapRanger(candidate, rangers) }
  const schema = shapes.find(([member]) => Object.hasOwn(candidate, member))?.[1] ?? null
  // Before the check, which would tell each of a million entries.
  if (isTooLong(candidate)) return { problems: [shapeProblem(origin, '', 'has too many entries')] }
  if (schema === null) return { problems: [shapeProblem(origin, '', `needs one of ${shapeNames}`)] }
  if (Value.Check(schema, candidate)) return { document: candidate as PolicyDocument }
  const name: unknown = 'name' in candidate ? candidate.name : undefined
  const where = typeof name === 'string' && name.length <= 250 ? name : origin
  const errors = Value.Errors(schema, candidate)
  return { problems: errors.map(error => shapeProblem(where, dotted(error.instancePath), error.message)) }
}

/** Told apart by a member that only the one has. */
const shapes = [
  ['tableSchema', tableSchemaDocument],
  ['maskingPolicy', maskingPolicyDocument],
  ['outputTopic', viewDocument],
  ['ranger', rangerDocument],
] as const
const shapeNames = shapes.map(([member]) => `\`${member}\``).join(', ')

const MAX_ENTRIES = 10_000

/** Has a list on the first three levels more entries than any list of a document may have? */
function isTooLong(value: unknown, depth = 3): boolean {
  if (typeof value !== 'object' || value === null || depth === 0) return false
  const entries: unknown[] = Array.isArray(value) ? value : Object.values(value)
  return entries.length > MAX_ENTRIES || (!Array.isArray(value) && entries.some(entry => isTooLong(entry, depth - 1)))
}

/** A JSON pointer as people write it: `/maskingPolicy/maskingConditions/2/field` becomes `maskingPolicy.maskingConditions[2].field`. */
function dotted(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map(part => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '')
}

/** The raw topics that a set names, as patterns. */
export function topicPatterns(documents: readonly PolicyDocument[]): string[] {
  return documents.flatMap(document => {
    if (!isMaskingPolicy(document) || document.isEnabled === false) return []
    const { topic } = document.resources
    return typeof topic === 'string' ? [topic] : topic
  })
}
