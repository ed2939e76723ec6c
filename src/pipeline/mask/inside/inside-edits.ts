import { fail } from '../../decode/scanner.ts'
import type { ValueMask } from '../mask-type.ts'
import { type JsonDocument, NULL } from './json-document.ts'
import type { Path } from './path.ts'
import { Search } from './resolve.ts'

/** A rule on a part of a column, bound to what the column holds. */
export interface BoundRule {
  readonly path: Path
  readonly effect: 'keep' | 'remove' | 'mask'
  /** An object or array that the path selects has its mask on each value inside it, however deep. */
  readonly onLeaves: boolean
  /** A rule that hides goes before one that leaves in clear, if neither has a higher one. */
  readonly priority: number
  readonly tally: Tally
  /** Null: the mask does not fit what stands there. */
  readonly maskFor: (document: JsonDocument, node: number) => ValueMask | null
}

/** How many values a path was looked up in without finding anything. */
export interface Tally {
  unmatched: number
}

/** What is rewritten or, without a mask, taken out, in byte order. */
export interface InsideEdit {
  readonly start: number
  readonly end: number
  readonly mask: ValueMask | null
}

/** What the rules, in their order, do to a document. A part is hidden if any rule hides it or what it stands in. */
export function insideEdits(document: JsonDocument, rules: readonly BoundRule[]): readonly InsideEdit[] {
  const claims = new Map<number, BoundRule>()
  const search = new Search(document)
  for (const rule of rules) {
    // What cannot be told is hidden, and not left in clear.
    search.doubt = rule.effect !== 'keep'
    const places = search.places(rule.path)
    if (places.length === 0) rule.tally.unmatched++
    else claim(document, rule, places, claims)
  }
  const edits: InsideEdit[] = []
  if (claims.size > 0) rewrite(document, 0, claims, edits)
  return edits
}

function claim(
  document: JsonDocument,
  rule: BoundRule,
  places: readonly number[],
  claims: Map<number, BoundRule>,
): void {
  let covered = 0
  for (const node of places) {
    if (!rule.onLeaves || rule.effect === 'remove' || !document.isNested(node)) {
      claimNode(rule, node, claims)
      continue
    }
    for (let at = Math.max(node, covered); at < document.next(node); at++)
      if (!document.isNested(at)) claimNode(rule, at, claims)
    covered = Math.max(covered, document.next(node))
  }
}

function claimNode(rule: BoundRule, node: number, claims: Map<number, BoundRule>): void {
  const first = claims.get(node)
  const hides = first?.effect === 'keep' && rule.effect !== 'keep' && first.priority === rule.priority
  if (first === undefined || hides) claims.set(node, rule)
}

function rewrite(
  document: JsonDocument,
  node: number,
  claims: ReadonlyMap<number, BoundRule>,
  edits: InsideEdit[],
): void {
  const rule = claims.get(node)
  if (rule !== undefined && rule.effect !== 'keep') {
    // Null stays null under every mask.
    if (document.kind(node) === NULL) return
    const mask = rule.maskFor(document, node) ?? fail('RECORD_MASK_TYPE_MISMATCH', document.start(node))
    edits.push({ start: document.start(node), end: document.end(node), mask })
    return
  }
  if (!document.isNested(node)) return
  const end = document.next(node)
  let keptOne = false
  let previousEnd = 0
  for (let child = node + 1; child < end; child = document.next(child)) {
    const next = document.next(child)
    if (claims.get(child)?.effect === 'remove') {
      // With the comma in front where one stays before it, else with the comma behind: what is left is well-formed.
      const start = keptOne ? previousEnd : document.memberStart(child)
      const stop = keptOne || next >= end ? document.end(child) : document.memberStart(next)
      edits.push({ start, end: stop, mask: null })
    } else {
      rewrite(document, child, claims, edits)
      keptOne = true
    }
    previousEnd = document.end(child)
  }
}
