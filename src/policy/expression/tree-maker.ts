import type { Expression } from '../../pipeline/expression/expression.ts'
import { refuse } from './expression-fault.ts'

/** How deep a tree may be, and how many nodes it may have. */
export const MAX_DEPTH = 100
export const MAX_NODES = 10_000

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
export type NewNode = DistributiveOmit<Expression, 'at'>

/** Makes the nodes of one tree, within its bounds: whatever walks it later may do so by recursion. */
export class TreeMaker {
  private nodes = 0
  private nesting = 0
  /** How deep the tree under a node is. */
  private readonly depths = new WeakMap<Expression, number>()

  make(at: number, node: NewNode, children: readonly Expression[]): Expression {
    this.nodes++
    if (this.nodes > MAX_NODES) refuse(at, `the expression has more than ${MAX_NODES} parts`)
    let depth = 0
    for (const child of children) depth = Math.max(depth, this.depths.get(child) ?? 0)
    if (depth >= MAX_DEPTH) refuse(at, `nested more than ${MAX_DEPTH} deep`)
    const made: Expression = { ...node, at }
    this.depths.set(made, depth + 1)
    return made
  }

  /** Reads what lies one level deeper: parentheses make no node, and count too. */
  deeper(at: number, read: () => Expression): Expression {
    this.nesting++
    if (this.nesting > MAX_DEPTH) refuse(at, `nested more than ${MAX_DEPTH} deep`)
    const inner = read()
    this.nesting--
    return inner
  }
}
