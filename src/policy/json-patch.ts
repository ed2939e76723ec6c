import jsonPatch, { type Operation } from 'fast-json-patch'
import { ScrimError } from '../errors.ts'
import type { PolicyDocument } from './document.ts'
import { forbiddenNames } from './strict-json.ts'

/** JSON Patch (RFC 6902) over policies: what changed between two sets, and what a caller wants changed. */

/** The set as one object, by name. */
export function byName(documents: readonly PolicyDocument[]): Record<string, PolicyDocument> {
  return Object.fromEntries(documents.map(document => [document.name, document]))
}

/** The patch that leads from one set to the other; empty where they say the same. Order of documents does not count. */
export function diffDocuments(from: readonly PolicyDocument[], to: readonly PolicyDocument[]): readonly Operation[] {
  return jsonPatch.compare(byName(from), byName(to))
}

const operations = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test'])
const MAX_OPERATIONS = 10_000
/** A copy of a copy of a copy doubles each time: what copies may add up to is bounded. */
const MAX_COPIED_CHARACTERS = 10_000_000

/** A patched deep copy of `target`, which stays as it is. REQUEST_PATCH with the place where the patch cannot be applied. */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch) || patch.length > MAX_OPERATIONS) throw refused('')
  const list: readonly unknown[] = patch
  let document: unknown = jsonPatch.deepClone(target)
  let copied = 0
  list.forEach((candidate, index) => {
    const operation = checkOperation(candidate, index)
    if (operation.op === 'copy') {
      copied += textLength(document, operation.from, index)
      if (copied > MAX_COPIED_CHARACTERS) throw refused(`[${index}].from`)
    }
    document = applyOne(document, operation, index)
  })
  return document
}

const refused = (path: string): ScrimError => new ScrimError('REQUEST_PATCH', { path: `patch${path}` })

/** Checked here because the library takes `constructor` for an operation, and bans fewer paths than reach a prototype. */
function checkOperation(candidate: unknown, index: number): Operation {
  if (typeof candidate !== 'object' || candidate === null) throw refused(`[${index}]`)
  const { op, path, from, value } = candidate as Record<string, unknown>
  if (typeof op !== 'string' || !operations.has(op)) throw refused(`[${index}].op`)
  if (!isPointer(path)) throw refused(`[${index}].path`)
  if ((op === 'move' || op === 'copy') && !isPointer(from)) throw refused(`[${index}].from`)
  if (holdsForbiddenName(value)) throw refused(`[${index}].value`)
  return candidate as Operation
}

function isPointer(pointer: unknown): boolean {
  if (typeof pointer !== 'string' || (pointer !== '' && !pointer.startsWith('/'))) return false
  return pointer.split('/').every(part => !forbiddenNames.has(part.replaceAll('~1', '/').replaceAll('~0', '~')))
}

/** Walks without recursion: the value comes from outside and may be deep. */
function holdsForbiddenName(value: unknown): boolean {
  const rest: unknown[] = [value]
  while (rest.length > 0) {
    const next = rest.pop()
    if (typeof next !== 'object' || next === null) continue
    for (const [name, member] of Object.entries(next)) {
      if (forbiddenNames.has(name)) return true
      rest.push(member)
    }
  }
  return false
}

function textLength(document: unknown, from: string, index: number): number {
  try {
    return JSON.stringify(jsonPatch.getValueByPointer(document, from))?.length ?? 0
  } catch {
    throw refused(`[${index}].from`)
  }
}

/** The library's errors hold the document and the operation: only the operation's number leaves here. */
function applyOne(document: unknown, operation: Operation, index: number): unknown {
  try {
    return jsonPatch.applyOperation(document, operation, true, true, true, index).newDocument
  } catch {
    throw refused(`[${index}]`)
  }
}
