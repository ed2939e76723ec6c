import { PoliciesRefused, type Problem, ScrimError } from '../errors.ts'
import type { Plan } from '../pipeline/plan.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { applyJsonPatch, byName } from '../policy/json-patch.ts'
import { shapeProblem } from '../policy/policy-problem.ts'
import { readDocuments, topicPatterns } from '../policy/read-documents.ts'
import { forbiddenNames, parseStrictJson } from '../policy/strict-json.ts'
import type { PolicyFileSet } from './ports/policies.ts'

/** What callers may do to a set: each takes the documents in force and gives the candidate, or throws what is wrong. */
export type PolicyEdit = (documents: readonly PolicyDocument[]) => readonly PolicyDocument[]

/** Puts one document in place of the one of this name, or adds it. */
export function putDocument(name: string, json: unknown): PolicyEdit {
  return documents => {
    const document = readOne(name, json)
    const known = documents.some(other => other.name === name)
    return known ? documents.map(other => (other.name === name ? document : other)) : [...documents, document]
  }
}

/** Applies a JSON Patch to one document, which keeps its name. */
export function patchDocument(name: string, patch: unknown): PolicyEdit {
  return documents => putDocument(name, applyJsonPatch(findDocument(documents, name), patch))(documents)
}

/** Applies a JSON Patch to the set as an object of documents by name. */
export function patchSet(patch: unknown): PolicyEdit {
  return documents => {
    const patched = applyJsonPatch(byName(documents), patch)
    if (typeof patched !== 'object' || patched === null || Array.isArray(patched)) {
      throw new PoliciesRefused([shapeProblem('policies', '', 'must stay an object of documents by name')])
    }
    return readAll(Object.entries(patched).map(([name, json]): [string, unknown] => [name, json]))
  }
}

export function removeDocument(name: string): PolicyEdit {
  return documents => {
    findDocument(documents, name)
    return documents.filter(document => document.name !== name)
  }
}

/** Takes a document or a list of them as the whole set. */
export function replaceSet(json: unknown): PolicyEdit {
  return () => refuseOrTake(readDocuments(json, 'policies'))
}

/** The documents of the policy files. */
export function readFiles({ files, problems }: PolicyFileSet): readonly PolicyDocument[] {
  const found: Problem[] = [...problems]
  const documents = files.flatMap(({ name, text }) => {
    const parsed = parseStrictJson(text)
    if ('fault' in parsed) {
      const { line, column, what } = parsed.fault
      found.push(shapeProblem(name, `line ${line}, column ${column}`, what))
      return []
    }
    const read = readDocuments(parsed.value, name)
    found.push(...read.problems)
    return read.documents
  })
  return refuseOrTake({ documents, problems: found })
}

export function findDocument(documents: readonly PolicyDocument[], name: string): PolicyDocument {
  const found = documents.find(document => document.name === name)
  if (found === undefined) throw new ScrimError('REQUEST_NOT_FOUND', { path: 'policy' })
  return found
}

/** Topics that a policy named before and none names now: their partitions will wait. */
export function topicsLeft(before: readonly PolicyDocument[], after: readonly PolicyDocument[], plan: Plan): Problem[] {
  const still = new Set(topicPatterns(after))
  const gone = new Set(topicPatterns(before).filter(pattern => !still.has(pattern)))
  return [...gone].flatMap((topic): Problem[] => {
    const isCovered = !/[*?]/.test(topic) && plan.names(topic)
    if (isCovered) return []
    return [
      {
        code: 'RECORD_TOPIC_WITHOUT_POLICY',
        severity: 'warning',
        where: { topic },
        detail: 'no policy names it any more: its partitions will wait',
      },
    ]
  })
}

function readOne(name: string, json: unknown): PolicyDocument {
  const [document] = readAll([[name, json]])
  if (document === undefined) throw new PoliciesRefused([shapeProblem(name, '', 'must be one document')])
  return document
}

function readAll(entries: readonly (readonly [name: string, json: unknown])[]): readonly PolicyDocument[] {
  const problems: Problem[] = []
  const documents = entries.flatMap(([name, json]) => {
    if (Array.isArray(json)) {
      problems.push(shapeProblem(name, '', 'must be one document'))
      return []
    }
    const read = readDocuments(json, name)
    problems.push(...read.problems)
    for (const document of read.documents) {
      if (document.name !== name)
        problems.push(shapeProblem(name, 'name', 'must be the name under which it is addressed'))
    }
    return read.documents
  })
  return refuseOrTake({ documents, problems })
}

/** Versions and patches keep documents in an object by name, so a name must not reach an object's prototype. */
function refuseOrTake({
  documents,
  problems,
}: {
  readonly documents: readonly PolicyDocument[]
  readonly problems: readonly Problem[]
}): readonly PolicyDocument[] {
  const names = documents
    .filter(({ name }) => forbiddenNames.has(name))
    .map(({ name }) => shapeProblem(name, 'name', 'is not a name for a policy'))
  if (problems.length + names.length > 0) throw new PoliciesRefused([...problems, ...names])
  return documents
}
