import { describe, expect, test } from 'vitest'
import { keyRow } from '../../../src/pipeline/project/key-row.ts'

const schema = '"schema":{"type":"struct","fields":[{"type":"int32","field":"id"}]}'
const madeUp = ['id', 'name'].map(name => ({ name, text: Buffer.from(`${JSON.stringify(name)}:""`) }))

describe('a row that tells its key only', () => {
  test.each([
    ['a bare key', '{"id":7}', '{"id":7,"name":""}'],
    ['behind its schema block', `{${schema},"payload":{"id":7}}`, '{"id":7,"name":""}'],
    ['in front of it', `{"payload":{"id":7},${schema}}`, '{"id":7,"name":""}'],
    ['spelled with white space', '{ "id" : 7 , "n" : "x" }', '{"id" : 7,"n" : "x","name":""}'],
    ['a key without columns', '{}', '{"id":"","name":""}'],
    [
      'columns called schema and payload, and a third',
      '{"schema":1,"payload":2,"id":3}',
      '{"schema":1,"payload":2,"id":3,"name":""}',
    ],
  ])('%s', (_why, key, row) => {
    const b = Buffer.from(`before${key}behind`)
    expect(keyRow(b, 6, 6 + key.length, madeUp).toString()).toBe(row)
    JSON.parse(row)
  })
})
