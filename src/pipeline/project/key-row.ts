import { member, parseTree } from '../decode/tree.ts'
import type { MadeUp } from './row-program.ts'

/**
 * A row of which only the key is told, as Debezium has it of a delete under replica identity default: the columns of the
 * masked key `b[start, end)`, and made-up values for others that cannot be null. Made anew each time: rows seldom leave.
 */
export function keyRow(b: Buffer, start: number, end: number, madeUp: readonly MadeUp[]): Buffer {
  const key = Buffer.from(b.subarray(start, end))
  const root = parseTree(key, 0, key.length)
  const isWrapped = root.members.length === 2 && member(root, 'schema') !== undefined
  const payload = (isWrapped ? member(root, 'payload') : undefined) ?? root
  const names = new Set(payload.members.map(({ name }) => name))
  const members = [
    ...payload.members.map(({ start: from, value }) => key.toString('utf8', from, value.end)),
    ...madeUp.filter(({ name }) => !names.has(name)).map(({ text }) => text.toString()),
  ]
  return Buffer.from(`{${members.join(',')}}`)
}
