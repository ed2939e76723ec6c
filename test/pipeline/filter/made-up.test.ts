import { describe, expect, test } from 'vitest'
import { evidenceIn, mayBeMadeUp } from '../../../src/pipeline/filter/made-up.ts'

const column = (byDefault: string | null = null, isOptional = false) => ({
  isOptional,
  byDefault: byDefault === null ? null : Buffer.from(byDefault),
})

/** The literal among neighbours. */
function mayBe(literal: string, byDefault: string | null = null): boolean {
  const b = Buffer.from(`{"a":${literal},"b":1}`)
  return mayBeMadeUp(b, 5, 5 + Buffer.byteLength(literal), column(byDefault))
}

describe('what Debezium may have made up', () => {
  test.each([
    'null',
    'false',
    '0',
    '0.0',
    '-0.00',
    '""',
    '"0"',
    '"0.00"',
    '"AA=="',
    '"{}"',
    '[]',
    '{}',
    '{"scale":0,"value":"AA=="}',
    '"00000000-0000-0000-0000-000000000000"',
    '"1970-01-01T00:00:00Z"',
    '"1970-01-01"',
    '"00:00:00Z"',
    '"P0Y0M0DT0H0M0S"',
  ])('%s', literal => {
    expect(mayBe(literal)).toBe(true)
  })

  test.each(['true', '1', '-1', '0.5', '"x"', '"EU"', '" "', '"MDk="', '[1]', '"1970-01-02"', '1e3', '10'])(
    'not %s',
    literal => {
      expect(mayBe(literal)).toBe(false)
    },
  )

  test('the default of the column', () => {
    expect(mayBe('"EU"', '"EU"')).toBe(true)
    expect(mayBe('"EU"', '"US"')).toBe(false)
    expect(mayBe('"EUR"', '"EU"')).toBe(false)
  })
})

describe('evidence', () => {
  const columns: Record<string, ReturnType<typeof column> | null> = {
    id: null,
    name: column(null, true),
    size: column(null),
    kind: column('"a"', true),
  }
  const of = (row: Record<string, unknown>): string => {
    const b = Buffer.from(` ${JSON.stringify(row)} `)
    return evidenceIn(b, 1, b.length - 1, name => columns[name] ?? null)
  }

  test.each([
    [{ id: 1, name: null, size: 0 }, 'empty'],
    [{ id: 1 }, 'empty'],
    [{}, 'empty'],
    [{ id: 1, name: 'x', size: 0 }, 'whole'],
    [{ id: 1, name: null, size: 3 }, 'doubtful'],
    [{ id: 1, name: null, size: 3, kind: 'a' }, 'doubtful'],
    [{ id: 1, name: null, size: 3, kind: 'b' }, 'whole'],
  ])('%j is %s', (row, evidence) => {
    expect(of(row)).toBe(evidence)
  })
})
