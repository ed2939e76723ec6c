import { expect, test } from 'vitest'
import { rowOfKey } from '../../src/pipeline/record-key.ts'

const row = (key: string): string => rowOfKey(Buffer.from(key)).toString()

test.each([
  ['a schema block is left aside', '{"schema":{"type":"struct","fields":[]},"payload":{"id":1}}', '{"id":1}'],
  [
    'another block, the same row',
    '{"schema":{"type":"struct","doc":"\\",\\"payload\\":"},"payload":{"id":1}}',
    '{"id":1}',
  ],
  ['no schema', '{"schema":null,"payload":{"id":1}}', '{"id":1}'],
  ['a key without a block', '{"id":1}', '{"id":1}'],
  ['one that begins like a block', '{"schema":1}', '{"schema":1}'],
  ['a plain text', 'k', 'k'],
  ['nothing', '', ''],
  ['a part of the beginning', '{"schema', '{"schema'],
])('%s', (_what, key, expected) => {
  expect(row(key)).toBe(expected)
})
