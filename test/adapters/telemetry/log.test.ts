import { expect, test } from 'vitest'
import { createLog } from '../../../src/adapters/telemetry/log.ts'
import { ScrimError } from '../../../src/errors.ts'
import type { LogFields } from '../../../src/services/ports/log.ts'

/** Writes one line and reads it again. `fields` may be what types forbid: the log is the last door. */
function line(fields: Record<string, unknown>, level: 'debug' | 'info' = 'info'): Record<string, unknown> | null {
  const lines: string[] = []
  createLog({ level: 'info', write: text => void lines.push(text) })[level](fields as LogFields, 'words')
  return lines[0] === undefined ? null : JSON.parse(lines[0])
}

test('a line is JSON with level, time, service and its fields', () => {
  expect(
    line({ topic: 'raw.a', partition: 3, isUp: true, names: ['a', 'b'], missing: null, absent: undefined }),
  ).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    service: 'scrim',
    topic: 'raw.a',
    partition: 3,
    isUp: true,
    names: ['a', 'b'],
    missing: null,
    msg: 'words',
  })
})

test('below its level nothing is written', () => {
  expect(line({}, 'debug')).toBeNull()
})

const canary = 'canary-4711'
const leaks: [name: string, value: unknown, written: unknown][] = [
  [
    'our error',
    new ScrimError('POSTGRES_UNAVAILABLE', { path: 'x' }, { cause: new Error(canary) }),
    { code: 'POSTGRES_UNAVAILABLE', where: { path: 'x' } },
  ],
  ['a foreign error', new SyntaxError(canary), { name: 'SyntaxError' }],
  [
    'a foreign error with members',
    Object.assign(new Error(canary), { detail: canary, code: '23505' }),
    { name: 'Error' },
  ],
  ['an object', { value: canary }, '[object]'],
  ['a buffer', Buffer.from(canary), '[object]'],
  ['a list of objects', [{ value: canary }], '[list]'],
  ['a function', () => canary, '[object]'],
]
test.each(leaks)('%s is reduced to what may be told', (_name, value, written) => {
  for (const field of ['err', 'error', 'anything', 'req']) {
    const found = line({ [field]: value })
    expect(found).toMatchObject({ [field]: written })
    expect(JSON.stringify(found)).not.toContain('canary')
  }
})

test('long texts are cut, line ends cannot forge a line', () => {
  expect(String(line({ topic: 'x'.repeat(5000) })?.topic)).toHaveLength(1001)
  const lines: string[] = []
  createLog({ level: 'info', write: text => void lines.push(text) }).info({ topic: 'a\n{"level":"error"}' }, 'words')
  expect(lines[0]?.trimEnd()).not.toContain('\n')
})
