import { fail } from '../../decode/scanner.ts'
import { holds } from './filter.ts'
import { type Pattern, readPattern } from './i-regexp.ts'
import { ARRAY, type JsonDocument, OBJECT } from './json-document.ts'
import type { Path, Pick, Step } from './path.ts'

/** Steps that a search may take for each value of the document, and at most: a bound on the time of one value. */
const STEPS_FOR_NODE = 256
const FREE_STEPS = 1_000_000
const MAX_STEPS = 20_000_000

/**
 * Looks paths up in one document. The time of all its look-ups together is bounded; a path and a document that would take
 * longer fail with RECORD_SELECTOR_LIMIT.
 */
export class Search {
  readonly document: JsonDocument
  /** What a filter is told where repeated members make it undecidable. */
  doubt: boolean
  private left: number
  private readonly rooted = new Map<Path, readonly number[]>()
  private readonly texts = new Map<number, string>()
  private readonly patterns = new Map<string, Pattern | null>()

  constructor(document: JsonDocument, doubt = true) {
    this.document = document
    this.doubt = doubt
    this.left = Math.min(FREE_STEPS + STEPS_FOR_NODE * document.count, MAX_STEPS)
  }

  /** The nodes that a path selects from the root, each once, in document order. */
  places(path: Path): readonly number[] {
    return this.follow(path, [0], true)
  }

  /** The nodelist of RFC 9535: in its order, and as often as the path selects a node. */
  nodes(path: Path): readonly number[] {
    return this.follow(path, [0], false)
  }

  /** The same from a node of the document; what starts at the root is looked up once. */
  from(node: number, path: Path): readonly number[] {
    if (node !== 0) return this.follow(path, [node], false)
    const known = this.rooted.get(path)
    if (known !== undefined) return known
    const found = this.follow(path, [0], false)
    this.rooted.set(path, found)
    return found
  }

  /** What a string or literal says; decoded once, because a filter may ask for it at every node. */
  text(node: number): string {
    const known = this.texts.get(node)
    if (known !== undefined) return known
    const text = this.document.text(node)
    this.texts.set(node, text)
    return text
  }

  /** A regular expression that stands in the document; null where it is none. */
  pattern(text: string): Pattern | null {
    const known = this.patterns.get(text)
    if (known !== undefined) return known
    const pattern = readPattern(text)
    this.spend(text.length + (pattern?.program.length ?? 0))
    this.patterns.set(text, pattern)
    return pattern
  }

  /** Does the path select anything from this node? */
  finds(node: number, path: Path): boolean {
    return (node === 0 ? this.from(0, path) : this.follow(path, [node], true)).length > 0
  }

  spend(steps: number): void {
    this.left -= steps
    if (this.left < 0) fail('RECORD_SELECTOR_LIMIT', 0)
  }

  children(node: number): number[] {
    const { document } = this
    const found: number[] = []
    if (!document.isNested(node)) return found
    const end = document.next(node)
    for (let child = node + 1; child < end; child = document.next(child)) found.push(child)
    this.spend(found.length)
    return found
  }

  private follow(path: Path, from: readonly number[], unique: boolean): readonly number[] {
    let nodes = from
    for (const step of path) {
      if (nodes.length === 0) break
      nodes = this.step(step, unique ? inOrder(nodes) : nodes, unique)
    }
    return unique ? inOrder(nodes) : nodes
  }

  private step(step: Step, nodes: readonly number[], unique: boolean): number[] {
    const { document } = this
    const found: number[] = []
    let covered = 0
    for (const node of nodes) {
      this.spend(1)
      if (step.kind === 'parent') {
        if (node > 0) found.push(document.parent(node))
      } else if (step.kind === 'child') this.pickAll(step.picks, node, found)
      else {
        // What is inside a node comes right behind it, and what was looked through needs no second look.
        if (unique && node < covered) continue
        const end = document.next(node)
        covered = end
        this.spend(end - node)
        for (let at = node; at < end; at++) if (document.isNested(at)) this.pickAll(step.picks, at, found)
      }
    }
    return found
  }

  private pickAll(picks: readonly Pick[], node: number, found: number[]): void {
    for (const pick of picks) this.pick(pick, node, found)
  }

  private pick(pick: Pick, node: number, found: number[]): void {
    const { document } = this
    switch (pick.kind) {
      case 'name':
        this.pickName(pick, node, found)
        return
      case 'reach':
        if (document.kind(node) === ARRAY) for (const child of this.children(node)) this.pick(pick, child, found)
        else this.pickName(pick, node, found)
        return
      case 'within':
        found.push(node)
        for (const child of this.children(node)) found.push(child)
        return
      case 'any':
        for (const child of this.children(node)) found.push(child)
        return
      case 'filter':
        for (const child of this.children(node)) if (holds(pick.test, child, this)) found.push(child)
        return
      case 'index':
        if (document.kind(node) === ARRAY) {
          const child = this.children(node).at(pick.index)
          if (child !== undefined) found.push(child)
        }
        return
      case 'slice':
        if (document.kind(node) === ARRAY) found.push(...sliced(this.children(node), pick))
    }
  }

  private pickName({ name, literal }: NamePick, node: number, found: number[]): void {
    const { document } = this
    if (document.kind(node) !== OBJECT) return
    const end = document.next(node)
    let steps = 0
    for (let child = node + 1; child < end; child = document.next(child)) {
      steps++
      if (document.isNamed(child, name, literal)) found.push(child)
    }
    this.spend(steps)
  }
}

type NamePick = Extract<Pick, { readonly kind: 'name' | 'reach' }>

/** RFC 9535, 2.3.4.2. */
function* sliced(
  items: readonly number[],
  { start, stop, step }: Extract<Pick, { readonly kind: 'slice' }>,
): Generator<number> {
  const { length } = items
  if (step === 0) return
  const absolute = (at: number): number => (at >= 0 ? at : length + at)
  const bounded = (at: number, least: number, most: number): number => Math.min(Math.max(at, least), most)
  if (step > 0) {
    const from = bounded(absolute(start ?? 0), 0, length)
    const to = bounded(absolute(stop ?? length), 0, length)
    for (let at = from; at < to; at += step) yield items[at] as number
  } else {
    const from = bounded(start === null ? length - 1 : absolute(start), -1, length - 1)
    const to = bounded(stop === null ? -1 : absolute(stop), -1, length - 1)
    for (let at = from; at > to; at += step) yield items[at] as number
  }
}

/** Each node once, in document order. */
function inOrder(nodes: readonly number[]): readonly number[] {
  const isAscending = nodes.every((node, n) => n === 0 || (nodes[n - 1] as number) < node)
  return isAscending ? nodes : [...new Set(nodes)].sort((a, b) => a - b)
}
