import { expect, test } from 'vitest'
import { readStruct } from '../../../src/pipeline/decode/schema-block.ts'
import { Unreadable } from '../../../src/pipeline/decode/scanner.ts'
import { parseTree } from '../../../src/pipeline/decode/tree.ts'

function read(block: string): string {
  const bytes = Buffer.from(block)
  try {
    readStruct(parseTree(bytes, 0, bytes.length))
    return 'read'
  } catch (error) {
    if (error instanceof Unreadable) return error.code
    throw error
  }
}

const column = (more: string): string => `{"type":"struct","fields":[{"type":"int32","field":"a"${more}}]}`

const versions: [version: string, answer: string][] = [
  ['0', 'read'],
  ['2', 'read'],
  ['999999999', 'read'],
  ['null', 'read'],
  ['1000000000', 'RECORD_SCHEMA_INVALID'],
  ['-1', 'RECORD_SCHEMA_INVALID'],
  ['1.0', 'RECORD_SCHEMA_INVALID'],
  ['1e3', 'RECORD_SCHEMA_INVALID'],
  ['true', 'RECORD_SCHEMA_INVALID'],
  ['"1"', 'RECORD_SCHEMA_INVALID'],
  ['[1]', 'RECORD_SCHEMA_INVALID'],
  // Longer than what a node keeps of a literal.
  ['0.00000000000000000001', 'RECORD_SCHEMA_INVALID'],
]
test.each(versions)('the version %s', (version, answer) => {
  expect(read(column(`,"version":${version}`))).toBe(answer)
})

const deep: [name: string, opening: string, closing: string, levels: number, answer: string][] = [
  ['the items of a struct', '{"type":"struct","fields":[],"items":', '}', 25, 'RECORD_SCHEMA_INVALID'],
  ['lists in lists', '{"type":"array","items":', '}', 95, 'read'],
  ['maps in maps', '{"type":"map","keys":{"type":"string"},"values":', '}', 95, 'read'],
  [
    'lists in structs in lists',
    '{"type":"array","items":{"type":"struct","fields":[{"field":"a","type":"array","items":',
    '}]}}',
    19,
    'read',
  ],
]
test.each(deep)('%s are read once each, however deep they lie', (_name, opening, closing, levels, answer) => {
  const items = `${opening.repeat(levels)}{"type":"string"}${closing.repeat(levels)}`
  const startedMs = performance.now()
  expect(read(column('').replace('"int32"', `"array","items":${items}`))).toBe(answer)
  expect(performance.now() - startedMs).toBeLessThan(1_000)
})
