/**
 * Regular expressions of RFC 9485 (I-Regexp), tried in time that grows with the text and not with what the expression
 * makes of it: a pattern of a policy meets whatever people write into a database.
 */
export interface Pattern {
  readonly program: readonly Instruction[]
}

type Instruction =
  | { readonly kind: 'one'; readonly fits: (point: number) => boolean }
  | { readonly kind: 'either'; readonly first: number; readonly second: number }
  | Edge
  | { readonly kind: 'end' }

/** `^` and `$`, which the RFC does not have: its compliance suite takes them for the edges of the text, as scripts do. */
interface Edge {
  readonly kind: 'edge'
  readonly isStart: boolean
}

type Node =
  | { readonly kind: 'one'; readonly fits: (point: number) => boolean }
  | Edge
  | { readonly kind: 'all' | 'any'; readonly of: readonly Node[] }
  | { readonly kind: 'repeat'; readonly of: Node; readonly least: number; readonly most: number | null }

const MAX_PARTS = 4000
const MAX_COUNT = 1000
const MAX_LENGTH = 1000
const MAX_DEPTH = 32

/** Null: no I-Regexp, or one that is too large. */
export function readPattern(text: string): Pattern | null {
  try {
    if (text.length > MAX_LENGTH) return null
    const node = new Reader([...text]).whole()
    const program: Instruction[] = []
    emit(node, { program, parts: 0 })
    program.push({ kind: 'end' })
    return { program }
  } catch (error) {
    if (!(error instanceof NoPattern)) throw error
    return null
  }
}

/** Does the whole text fit, or (`search`) a part of it? `spend` is told the steps that it takes. */
export function fitsPattern(
  { program }: Pattern,
  text: string,
  how: 'match' | 'search',
  spend: (steps: number) => void,
): boolean {
  const last = program.length - 1
  let reached = new Set<number>()
  reach(0, program, reached, true, text === '')
  if (how === 'search' && reached.has(last)) return true
  for (let i = 0; i < text.length; ) {
    const point = text.codePointAt(i) as number
    i += point > 0xffff ? 2 : 1
    const next = new Set<number>()
    for (const at of reached) {
      const one = program[at] as Instruction
      if (one.kind === 'one' && one.fits(point)) reach(at + 1, program, next, false, i === text.length)
    }
    if (how === 'search') reach(0, program, next, false, i === text.length)
    if (how === 'search' && next.has(last)) return true
    spend(reached.size + 1)
    reached = next
    if (reached.size === 0) return false
  }
  return how === 'match' && reached.has(last)
}

function reach(
  from: number,
  program: readonly Instruction[],
  reached: Set<number>,
  isStart: boolean,
  isEnd: boolean,
): void {
  const open = [from]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (reached.has(at)) continue
    reached.add(at)
    const one = program[at] as Instruction
    if (one.kind === 'either') open.push(one.first, one.second)
    else if (one.kind === 'edge' && (one.isStart ? isStart : isEnd)) open.push(at + 1)
  }
}

interface Draft {
  readonly program: Instruction[]
  parts: number
}

function emit(node: Node, out: Draft): void {
  // Counted by parts, for a part may be empty and repeated for ever.
  if (++out.parts > MAX_PARTS) throw new NoPattern()
  switch (node.kind) {
    case 'one':
    case 'edge':
      out.program.push(node)
      return
    case 'all':
      for (const one of node.of) emit(one, out)
      return
    case 'any':
      emitAny(node.of, out)
      return
    case 'repeat':
      for (let n = 0; n < node.least; n++) emit(node.of, out)
      if (node.most === null) emitLoop(node.of, out)
      else for (let n = node.least; n < node.most; n++) emitMaybe(node.of, out)
  }
}

function emitAny([first, ...others]: readonly Node[], out: Draft): void {
  if (first === undefined) return
  if (others.length === 0) {
    emit(first, out)
    return
  }
  const fork = out.program.push({ kind: 'end' }) - 1
  emit(first, out)
  const skip = out.program.push({ kind: 'end' }) - 1
  out.program[fork] = { kind: 'either', first: fork + 1, second: out.program.length }
  emitAny(others, out)
  out.program[skip] = { kind: 'either', first: out.program.length, second: out.program.length }
}

function emitLoop(node: Node, out: Draft): void {
  const fork = out.program.push({ kind: 'end' }) - 1
  emit(node, out)
  out.program.push({ kind: 'either', first: fork, second: fork })
  out.program[fork] = { kind: 'either', first: fork + 1, second: out.program.length }
}

function emitMaybe(node: Node, out: Draft): void {
  const fork = out.program.push({ kind: 'end' }) - 1
  emit(node, out)
  out.program[fork] = { kind: 'either', first: fork + 1, second: out.program.length }
}

class NoPattern extends Error {}

const categories: ReadonlySet<string> = new Set(
  ['Lltmou', 'Mcen', 'Ndlo', 'Pcdefios', 'Zlps', 'Sckmo', 'Ccfno'].flatMap(([main = '', ...others]) => [
    main,
    ...others.map(other => main + other),
  ]),
)

const special = '()*+.?[\\]{|}'
const escapable = '()*+-.?[\\]^{|}'
const controls = new Map([
  ['n', 10],
  ['r', 13],
  ['t', 9],
])

class Reader {
  private readonly signs: readonly string[]
  private at = 0
  private depth = 0

  constructor(signs: readonly string[]) {
    this.signs = signs
  }

  whole(): Node {
    const node = this.branches()
    return this.at < this.signs.length ? refuse() : node
  }

  private branches(): Node {
    if (++this.depth > MAX_DEPTH) return refuse()
    const branches = [this.branch()]
    while (this.take('|')) branches.push(this.branch())
    this.depth--
    return { kind: 'any', of: branches }
  }

  private branch(): Node {
    const pieces: Node[] = []
    for (;;) {
      const sign = this.signs[this.at]
      if (sign === undefined || sign === '|' || sign === ')') return { kind: 'all', of: pieces }
      pieces.push(this.quantified(this.atom()))
    }
  }

  private quantified(of: Node): Node {
    if (this.take('*')) return { kind: 'repeat', of, least: 0, most: null }
    if (this.take('+')) return { kind: 'repeat', of, least: 1, most: null }
    if (this.take('?')) return { kind: 'repeat', of, least: 0, most: 1 }
    if (!this.take('{')) return of
    const least = this.count()
    const most = this.take(',') ? (this.signs[this.at] === '}' ? null : this.count()) : least
    if (!this.take('}') || (most !== null && most < least)) return refuse()
    return { kind: 'repeat', of, least, most }
  }

  private count(): number {
    const from = this.at
    while (/^[0-9]$/.test(this.signs[this.at] ?? '')) this.at++
    const count = Number(this.signs.slice(from, this.at).join(''))
    return this.at === from || count > MAX_COUNT ? refuse() : count
  }

  private atom(): Node {
    if (this.take('(')) {
      const node = this.branches()
      return this.take(')') ? node : refuse()
    }
    if (this.take('.')) return { kind: 'one', fits: point => point !== 10 && point !== 13 }
    if (this.take('[')) return { kind: 'one', fits: this.set() }
    if (this.signs[this.at] === '\\') return { kind: 'one', fits: this.category() ?? exactly(this.escaped()) }
    const sign = this.next()
    if (sign === '^' || sign === '$') return { kind: 'edge', isStart: sign === '^' }
    return special.includes(sign) ? refuse() : { kind: 'one', fits: exactly(pointOf(sign)) }
  }

  /** Behind the opening bracket. */
  private set(): (point: number) => boolean {
    const isNot = this.take('^')
    const parts: ((point: number) => boolean)[] = []
    if (this.take('-')) parts.push(exactly(pointOf('-')))
    while (!this.take(']')) {
      if (this.signs[this.at] === '-') {
        // A dash may end the set, and stands nowhere else by itself.
        this.at++
        if (this.signs[this.at] !== ']') return refuse()
        parts.push(exactly(pointOf('-')))
      } else parts.push(this.category() ?? this.range())
    }
    if (parts.length === 0) return refuse()
    return point => parts.some(fits => fits(point)) !== isNot
  }

  private range(): (point: number) => boolean {
    const from = this.setSign()
    if (this.signs[this.at] !== '-' || this.signs[this.at + 1] === ']') return exactly(from)
    this.at++
    const to = this.setSign()
    return to < from ? refuse() : point => point >= from && point <= to
  }

  private setSign(): number {
    if (this.signs[this.at] === '\\') return this.escaped()
    const sign = this.next()
    return '-[]'.includes(sign) ? refuse() : pointOf(sign)
  }

  /** `\p{Lu}`; null where something else stands. */
  private category(): ((point: number) => boolean) | null {
    const [slash, letter] = this.signs.slice(this.at, this.at + 2)
    if (slash !== '\\' || (letter !== 'p' && letter !== 'P')) return null
    this.at += 2
    const end = this.signs.indexOf('}', this.at)
    const name = this.signs.slice(this.at + 1, end).join('')
    if (this.signs[this.at] !== '{' || !categories.has(name)) return refuse()
    this.at = end + 1
    // The name is one of a closed list.
    const form = new RegExp(`^\\p{${name}}$`, 'u')
    return point => form.test(String.fromCodePoint(point)) === (letter === 'p')
  }

  private escaped(): number {
    this.at++
    const sign = this.next()
    return controls.get(sign) ?? (escapable.includes(sign) ? pointOf(sign) : refuse())
  }

  private take(sign: string): boolean {
    if (this.signs[this.at] !== sign) return false
    this.at++
    return true
  }

  private next(): string {
    return this.signs[this.at++] ?? refuse()
  }
}

function refuse(): never {
  throw new NoPattern()
}

const pointOf = (sign: string): number => sign.codePointAt(0) ?? 0
const exactly =
  (wanted: number) =>
  (point: number): boolean =>
    point === wanted
