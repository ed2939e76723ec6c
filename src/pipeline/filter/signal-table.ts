import { flattenedMetadata } from '../decode/record-shapes.ts'
import { member, type Node, parseTree } from '../decode/tree.ts'

/**
 * Debezium's signalling table: its rows are orders to Debezium, not data to sync. It is told by its name and its three
 * columns, so an ordinary table with `signal` in its name goes its way. `named` are the columns that a policy or schema
 * names for this very topic: with another one among them it is no such table, or the tombstones of a table of traffic
 * signals would be taken for orders.
 */
export const isSignalTopic = (topic: string, named: Iterable<string>): boolean =>
  /signal/i.test(topic.slice(topic.lastIndexOf('.') + 1)) &&
  [...named].every(name => columns.includes(name) || flattenedMetadata.has(name))

const columns = ['id', 'type', 'data']

/** Of a topic that `isSignalTopic`: is this record an order? Read as a tree, for there are only ever a few of them. */
export function isSignal(b: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): boolean {
  // A tombstone has only its key to tell.
  if (valueStart < 0) return keyStart >= 0 && sameNames(payloadOf(treeOf(b.subarray(keyStart, keyEnd))), ['id'])
  const payload = payloadOf(treeOf(b.subarray(valueStart, valueEnd)))
  const row = [member(payload, 'after'), member(payload, 'before'), payload].find(node => node?.kind === 'object')
  return row !== undefined && sameNames(row, columns)
}

/** Alone, so that it cannot run into its neighbour. */
const treeOf = (part: Buffer): Node => parseTree(part, 0, part.length)

function payloadOf(root: Node): Node {
  const payload =
    root.members.length === 2 && member(root, 'schema') !== undefined ? member(root, 'payload') : undefined
  return payload ?? root
}

function sameNames(node: Node, expected: readonly string[]): boolean {
  const names = node.members.map(({ name }) => name).filter(name => !flattenedMetadata.has(name))
  return names.length === expected.length && expected.every(name => names.includes(name))
}
