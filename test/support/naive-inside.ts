import type { Operand, Path, Pick, Step, Test } from '../../src/pipeline/mask/inside/path.ts'
import { isMisfit, type ValueMask } from '../../src/pipeline/mask/mask-type.ts'
import type { ColumnRules, InsideRule, KeyRing } from '../../src/pipeline/plan.ts'
import { type ColumnType, columnLength } from '../../src/pipeline/schema.ts'
import { type JsonNode, memberOf, printInside, readJson, unquote } from './naive-json.ts'

/**
 * Rules on parts of columns, for the naive engine: paths are tried on whole trees, and what is rewritten is cut out of the
 * text character by character. Shares with the engine the paths as read, and the masks' `bind`.
 */

/** What the naive schema reader tells of a type, so that neither file needs the other. */
export interface TypeReader {
  readonly typeOf: (node: JsonNode) => ColumnType
}

export interface NaivePart {
  readonly rule: InsideRule
  /** By type node; under null what fits any. Null in place of a mask: nothing fits. */
  readonly maskFor: (node: JsonNode, type: JsonNode | null) => ValueMask | null
}

/** Null: nothing to do; a string: the code by which the column is refused. */
export function bindNaiveParts(
  column: string,
  type: ColumnType | null,
  block: JsonNode | null,
  part: 'row' | 'key',
  rules: ColumnRules,
  keys: KeyRing,
  reader: TypeReader,
): readonly NaivePart[] | string | null {
  const mine = rules.inside.filter(rule => rule.column === column && !rule.isGuess)
  const loose = rules.inside.filter(rule => rule.column === null || (rule.column === column && rule.isGuess))
  const nested = type !== null && ['struct', 'array', 'map'].includes(type.kind)
  const isJson = type?.logical === 'io.debezium.data.Json'
  const isText = type?.kind === 'string' && (isJson || type.logical === null)
  const hasInside = type === null || nested || isText
  const takesLoose = type === null || nested || (isJson && type.kind === 'string')
  const all = rules.inside.filter(rule => mine.includes(rule) || (takesLoose && loose.includes(rule)))
  if (all.length === 0) return null
  if (!hasInside) return 'SCHEMA_SELECTOR'
  if (type === null && all.some(rule => loose.includes(rule))) return 'SCHEMA_UNDECLARED'
  if (type?.kind === 'string' && columnLength(type) !== null) return 'SCHEMA_MASK_LENGTH'
  const parts: NaivePart[] = []
  for (const rule of all) {
    const one = nested && block !== null ? typed(rule, block, keys, loose.includes(rule), reader) : untyped(rule, keys)
    if (typeof one === 'string') return one
    if (one !== null) parts.push(one)
  }
  if (parts.every(({ rule }) => effectOf(rule) === 'keep')) return null
  return part === 'key' ? 'SCHEMA_KEY_MASK' : parts
}

const effectOf = ({ rule }: InsideRule): string => rule.maskType.effect

const free = (kind: 'string' | 'int64'): ColumnType => ({ kind, logical: null, optional: true, parameters: new Map() })

const writesNull: ValueMask = { write: (_s, _b, _e, out, at) => at + out.write('null', at), maxBytes: () => 4 }

function untyped(rule: InsideRule, keys: KeyRing): NaivePart | string {
  const { maskType, params } = rule.rule
  if (maskType.effect !== 'rewrite') return { rule, maskFor: () => null }
  const of = (type: ColumnType | null): ValueMask | null => {
    const effect = maskType.bind(params, type, keys)
    return isMisfit(effect) ? null : effect.mask
  }
  if (maskType.typeless) return { rule, maskFor: () => of(null) }
  return {
    rule,
    maskFor: ({ kind }) =>
      kind === 'string'
        ? of(free('string'))
        : kind === 'number'
          ? of(free('int64'))
          : kind === 'boolean'
            ? null
            : writesNull,
  }
}

function typed(
  rule: InsideRule,
  block: JsonNode,
  keys: KeyRing,
  isLoose: boolean,
  { typeOf }: TypeReader,
): NaivePart | string | null {
  const { maskType, params } = rule.rule
  const seen: JsonNode[] = []
  const ends = ways(rule.path, 0, block, seen)
  const blocked = seen.some(node => {
    const keyType = memberOf(node, 'keys')
    return (
      typeOf(node).logical === 'io.debezium.data.Json' || (keyType !== undefined && typeOf(keyType).kind !== 'string')
    )
  })
  const reaches = ends.length > 0
  if (blocked && (reaches || !isLoose || rule.path.some(({ kind }) => kind === 'descendant'))) return 'SCHEMA_SELECTOR'
  if (!reaches) return isLoose ? null : 'SCHEMA_SELECTOR'
  if (maskType.effect === 'keep') return { rule, maskFor: () => null }
  if (maskType.effect === 'remove') return 'SCHEMA_MASK_TYPE'
  const leaves = (node: JsonNode): JsonNode[] =>
    ['struct', 'array', 'map'].includes(typeOf(node).kind) ? insideOf(node).flatMap(leaves) : [node]
  const masks = new Map<JsonNode, ValueMask>()
  for (const node of rule.onLeaves ? ends.flatMap(leaves) : ends) {
    const type = typeOf(node)
    const effect = maskType.bind(params, type, keys)
    if (isMisfit(effect)) return effect.code
    if (effect.becomes !== null) return 'SCHEMA_MASK_TYPE'
    const length = type.kind === 'string' ? columnLength(type) : null
    if (length !== null && (effect.maxCharacters?.(length) ?? 0) > length) return 'SCHEMA_MASK_LENGTH'
    masks.set(node, effect.mask)
  }
  return { rule, maskFor: (_node, type) => (type === null ? null : (masks.get(type) ?? null)) }
}

/** The types right inside a type, by what they are called there; null: by any name. */
function insideOf(type: JsonNode): JsonNode[] {
  const fields = memberOf(type, 'fields')
  const list = fields?.kind === 'array' ? fields.items : []
  return [...list, memberOf(type, 'items'), memberOf(type, 'values')].filter(node => node !== undefined)
}

/** Every type in which the rest of the path may end; `seen` are those from which a step was taken. */
function ways(path: Path, n: number, type: JsonNode, seen: JsonNode[]): JsonNode[] {
  const step = path[n]
  if (step === undefined) return [type]
  if (step.kind === 'parent') throw new Error('not made by these tests')
  seen.push(type)
  const here = step.picks.flatMap(pick => oneWay(pick, type)).flatMap(inner => ways(path, n + 1, inner, seen))
  return step.kind === 'child' ? here : [...here, ...insideOf(type).flatMap(inner => ways(path, n, inner, seen))]
}

function oneWay(pick: Pick, type: JsonNode): JsonNode[] {
  const items = memberOf(type, 'items')
  const values = memberOf(type, 'values')
  switch (pick.kind) {
    case 'reach':
      if (items !== undefined) return oneWay(pick, items)
      return values === undefined ? named(type, pick.name) : [values]
    case 'name':
      return values === undefined ? named(type, pick.name) : [values]
    case 'index':
    case 'slice':
      return items === undefined ? [] : [items]
    case 'within':
      return [type, ...insideOf(type)]
    default:
      return insideOf(type)
  }
}

const named = (type: JsonNode, name: string): JsonNode[] =>
  insideOf(type).filter(node => {
    const field = memberOf(node, 'field')
    return field?.kind === 'string' && unquote(field.text) === name
  })

// ---- one value

/** The literal after the rules, or the code of what stands against it. */
export function maskParts(
  value: JsonNode,
  parts: readonly NaivePart[],
  block: JsonNode | null,
  kind: ColumnType['kind'] | null,
): { readonly literal: string } | { readonly code: string } {
  const literal = printInside(value)
  const isNested = value.kind === 'object' || value.kind === 'array'
  if (kind !== null && (kind === 'string' ? value.kind !== 'string' : !isNested))
    return { code: 'RECORD_MASK_TYPE_MISMATCH' }
  if (value.kind === 'number' || value.kind === 'boolean') return { literal }
  const isText = value.kind === 'string'
  const pieces = isText ? unitsOf(literal) : [...literal].flatMap(sign => (sign.length === 1 ? [sign] : [sign, '']))
  const inner = isText ? unquote(literal) : literal
  if (!inner.isWellFormed()) return { code: 'RECORD_INNER_JSON' }
  const { root, faults } = readJson(Buffer.from(inner))
  if (root === null || faults.length > 0) return { code: 'RECORD_INNER_JSON' }
  const cuts: Cut[] = []
  try {
    cut(root, block, decide(root, parts), cuts, isText)
  } catch (error) {
    if (!(error instanceof DoesNotFit)) throw error
    return { code: 'RECORD_MASK_TYPE_MISMATCH' }
  }
  let out = isText ? '"' : ''
  let at = 0
  for (const { from, to, put } of cuts) {
    out += pieces.slice(at, from).join('') + put
    at = to
  }
  return { literal: out + pieces.slice(at).join('') + (isText ? '"' : '') }
}

/** How each UTF-16 unit of a literal's text is spelled. */
function unitsOf(literal: string): string[] {
  const found = literal.slice(1, -1).match(/\\u[0-9a-fA-F]{4}|\\.|./gs) ?? []
  return found
}

interface Cut {
  readonly from: number
  readonly to: number
  readonly put: string
}

class DoesNotFit extends Error {}

/** Which rule has a node: the first that selects it, but one that hides before one of the same priority that does not. */
function decide(root: JsonNode, parts: readonly NaivePart[]): ReadonlyMap<JsonNode, NaivePart> {
  const owner = new Map<JsonNode, NaivePart>()
  const own = (node: JsonNode, part: NaivePart): void => {
    const first = owner.get(node)
    const isStronger =
      first !== undefined &&
      effectOf(first.rule) === 'keep' &&
      effectOf(part.rule) !== 'keep' &&
      first.rule.priority === part.rule.priority
    if (first === undefined || isStronger) owner.set(node, part)
  }
  for (const part of parts) {
    for (const node of select(part.rule.path, root)) {
      const whole = !part.rule.onLeaves || effectOf(part.rule) === 'remove'
      for (const one of whole ? [node] : everyLeaf(node)) own(one, part)
    }
  }
  return owner
}

const childrenOf = (node: JsonNode): JsonNode[] =>
  node.kind === 'object' ? node.members.map(({ value }) => value) : node.kind === 'array' ? node.items : []

const everyLeaf = (node: JsonNode): JsonNode[] =>
  node.kind === 'object' || node.kind === 'array' ? childrenOf(node).flatMap(everyLeaf) : [node]

function cut(
  node: JsonNode,
  type: JsonNode | null,
  owner: ReadonlyMap<JsonNode, NaivePart>,
  cuts: Cut[],
  isText: boolean,
): void {
  const part = owner.get(node)
  if (part !== undefined && effectOf(part.rule) === 'rewrite') {
    if (node.kind === 'null') return
    const mask = part.maskFor(node, type)
    if (mask === null) throw new DoesNotFit()
    const masked = written(mask, printInside(node))
    cuts.push({ from: node.from ?? 0, to: node.to ?? 0, put: isText ? JSON.stringify(masked).slice(1, -1) : masked })
    return
  }
  const entries =
    node.kind === 'object'
      ? node.members.map(({ name, spelled, value }) => ({ from: spelled.from ?? 0, value, name }))
      : childrenOf(node).map(value => ({ from: value.from ?? 0, value, name: null }))
  let lastEnd: number | null = null
  let kept = false
  entries.forEach(({ from, value, name }, n) => {
    const to = value.to ?? 0
    const owned = owner.get(value)
    if (owned !== undefined && effectOf(owned.rule) === 'remove')
      cuts.push(kept ? { from: lastEnd ?? 0, to, put: '' } : { from, to: entries[n + 1]?.from ?? to, put: '' })
    else {
      kept = true
      cut(value, innerType(type, name), owner, cuts, isText)
    }
    lastEnd = to
  })
}

function innerType(type: JsonNode | null, name: string | null): JsonNode | null {
  if (type === null) return null
  const any = memberOf(type, 'items') ?? memberOf(type, 'values')
  return any ?? (name === null ? undefined : named(type, name)[0]) ?? null
}

function written(mask: ValueMask, literal: string): string {
  const src = Buffer.from(literal)
  const out = Buffer.alloc(mask.maxBytes(src.length, src, 0))
  try {
    return out.toString('utf8', 0, mask.write(src, 0, src.length, out, 0))
  } catch {
    throw new DoesNotFit()
  }
}

// ---- paths, by trying

export function select(path: Path, root: JsonNode): ReadonlySet<JsonNode> {
  let nodes = new Set([root])
  for (const step of path) nodes = new Set([...nodes].flatMap(node => stepFrom(step, node, root)))
  return nodes
}

function stepFrom(step: Step, node: JsonNode, root: JsonNode): JsonNode[] {
  if (step.kind === 'parent') return [...parentsOf(root)].filter(one => childrenOf(one).includes(node))
  const from = step.kind === 'child' ? [node] : withAllInside(node)
  return from.flatMap(one => step.picks.flatMap(pick => picked(pick, one)))
}

const withAllInside = (node: JsonNode): JsonNode[] => [node, ...childrenOf(node).flatMap(withAllInside)]
const parentsOf = withAllInside

function picked(pick: Pick, node: JsonNode): JsonNode[] {
  const children = childrenOf(node)
  switch (pick.kind) {
    case 'name':
      return node.kind === 'object'
        ? node.members.filter(({ name }) => name === pick.name).map(({ value }) => value)
        : []
    case 'reach':
      if (node.kind === 'array') return children.flatMap(child => picked(pick, child))
      return node.kind === 'object'
        ? node.members.filter(({ name }) => name === pick.name).map(({ value }) => value)
        : []
    case 'any':
      return children
    case 'within':
      return [node, ...children]
    case 'index':
      return node.kind === 'array'
        ? children.filter((_, n) => n === pick.index || n - children.length === pick.index)
        : []
    case 'slice': {
      if (node.kind !== 'array' || pick.step < 1) return []
      const { length } = children
      const at = (given: number | null, or: number): number =>
        given === null ? or : given < 0 ? Math.max(0, length + given) : given
      return children.filter(
        (_, n) => n >= at(pick.start, 0) && n < at(pick.stop, length) && (n - at(pick.start, 0)) % pick.step === 0,
      )
    }
    case 'filter':
      return children.filter(child => {
        const answers = passes(pick.test, child)
        return answers === 'open' || answers
      })
  }
}

type Answer = boolean | 'open'

/** `open`: a repeated member has two answers. Only what these tests make is known here. */
function passes(test: Test, node: JsonNode): Answer {
  switch (test.kind) {
    case 'exists':
      return select(test.query.path, node).size > 0
    case 'not': {
      const answer = passes(test.test, node)
      return answer === 'open' ? answer : !answer
    }
    case 'and': {
      const left = passes(test.left, node)
      return left === true ? passes(test.right, node) : left
    }
    case 'or': {
      const left = passes(test.left, node)
      return left === false ? passes(test.right, node) : left
    }
    case 'compare': {
      const [left, right] = [said(test.left, node), said(test.right, node)]
      if (left === 'open' || right === 'open') return 'open'
      const isEqual = left === right
      return test.by === '==' ? isEqual : !isEqual
    }
    default:
      throw new Error('not made by these tests')
  }
}

function said(operand: Operand, node: JsonNode): string {
  if (operand.kind === 'literal') {
    const { value } = operand
    return value.type === 'string' ? JSON.stringify(value.value) : value.type === 'number' ? value.text : value.type
  }
  if (operand.kind !== 'query') throw new Error('not made by these tests')
  const found = [...select(operand.query.path, node)]
  const [first] = found
  if (found.length > 1) return 'open'
  if (first === undefined) return 'nothing'
  if (first.kind === 'string') return JSON.stringify(unquote(first.text))
  return first.kind === 'number' ? String(Number(first.text)) : first.kind
}
