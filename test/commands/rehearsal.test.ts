import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { parseArgs } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { check, checkOptions } from '../../src/commands/check.ts'
import type { CheckReport } from '../../src/commands/check/report.ts'
import type { Command } from '../../src/commands/command.ts'
import { dryRunCommand } from '../../src/commands/dry-run.ts'
import { explainCommand } from '../../src/commands/explain.ts'
import type { DryRunReport } from '../../src/services/dry-run-report.ts'
import type { Explanation } from '../../src/services/explain.ts'
import { createCollectingTerminal } from '../support/collecting-terminal.ts'
import { aKey, aString, schemaRecord } from '../support/schema-records.ts'

const CANARY = 'canary-4711@example.org'
const folders = ['hidden', 'clear', 'holding', 'broken', 'failing', 'other'] as const
let dir = ''
const at = (name: string): string => join(dir, name)

const policy = (conditions: Readonly<Record<string, string>>, more: object = {}) => ({
  name: 'people',
  resources: { topic: 'raw.people' },
  maskingPolicy: { maskingConditions: Object.entries(conditions).map(([field, maskType]) => ({ field, maskType })) },
  ...more,
})

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'scrim-rehearsal-'))
  const sets: Record<(typeof folders)[number], object> = {
    hidden: policy({ id: 'none', email: 'full' }),
    clear: policy({ id: 'none', email: 'none' }),
    holding: policy({ id: 'none' }),
    other: policy({ id: 'none' }, { name: 'other', resources: { topic: 'raw.other' } }),
    broken: policy({ email: 'nonsense' }),
    failing: policy(
      { id: 'none', email: 'full' },
      {
        tests: [
          { name: 'hidden', row: { id: 1, email: 'x' }, expect: { email: '****' } },
          { row: { id: 1, email: 'x' }, expect: { email: 'x' } },
        ],
      },
    ),
  }
  for (const [name, set] of Object.entries(sets)) await writeFile(at(`${name}.json`), JSON.stringify(set))
  const records = [1, 2, 3].map(id => schemaRecord('raw.people', [aKey(), aString('email')], { id, email: CANARY }))
  await writeFile(at('records.jsonl'), `${records.map(one => JSON.stringify(one)).join('\n')}\nno record\n`)
})
afterAll(() => rm(dir, { recursive: true }))

async function run(command: Pick<Command, 'run' | 'options'>, args: readonly string[], stdin = '') {
  const terminal = { ...createCollectingTerminal({}), stdin: Readable.from([Buffer.from(stdin)]) }
  const code = await command.run(parseArgs({ args: [...args], options: command.options }), terminal)
  const { out, err } = terminal.said()
  expect(out + err).not.toContain('canary')
  return { code, out, err }
}

const dryRun = (candidate: string, current: string, ...more: readonly string[]) =>
  run(dryRunCommand, [
    ...['--policies', at(`${candidate}.json`), '--current', at(`${current}.json`)],
    ...['--records', at('records.jsonl'), ...more],
  ])

describe('scrim dry-run', () => {
  const cases: readonly (readonly [string, number, string, string, readonly string[]])[] = [
    ['no difference', 0, 'hidden', 'hidden', []],
    ['newly clear', 1, 'clear', 'hidden', []],
    ['newly masked', 0, 'hidden', 'clear', []],
    ['newly rejected', 1, 'holding', 'hidden', []],
    ['no longer rejected, and newly clear', 1, 'clear', 'holding', []],
    ['no longer rejected, masked', 0, 'hidden', 'holding', []],
    ['newly clear, where nothing counts', 0, 'clear', 'hidden', ['--fail-on', 'none']],
    ['newly masked, where that counts', 1, 'hidden', 'clear', ['--fail-on', 'rejected,newly-masked']],
    ['a candidate that cannot be compiled', 1, 'broken', 'hidden', []],
    ['a current set that cannot be compiled', 1, 'hidden', 'broken', []],
    ['a candidate whose tests fail', 1, 'failing', 'hidden', ['--fail-on', 'none']],
    ['a view that is not there', 1, 'hidden', 'hidden', ['--view', 'others']],
    ['no topic that a set names', 1, 'other', 'other', []],
    ['a topic that is not there', 1, 'hidden', 'hidden', ['--topic', 'raw.gone']],
    ['what --fail-on does not know', 2, 'hidden', 'hidden', ['--fail-on', 'newly-cleared']],
    ['no number of records', 2, 'hidden', 'hidden', ['--last', 'many']],
    ['no time', 2, 'hidden', 'hidden', ['--time-limit', '0']],
    ['a file that is not there', 2, 'hidden', 'hidden', ['--records', 'gone.jsonl']],
  ]
  test.each(cases)('%s: exit code %i', async (_, code, candidate, current, more) => {
    expect((await dryRun(candidate, current, ...more)).code).toBe(code)
  })

  test('needs a set to compare with', async () => {
    const { code, err } = await run(dryRunCommand, ['--policies', at('hidden.json')])
    expect(code).toBe(2)
    expect(err).toContain('needs --current, or SCRIM_DATABASE_URL')
  })

  test('tells in a table, and passes over what is no record', async () => {
    const { out, err } = await dryRun('clear', 'hidden')
    expect(out).toMatch(/^ {2}email +full \(people \[1\]\) +none \(people \[1\]\) +3 +3$/m)
    expect(out).toMatch(
      /^ {4}email: text\(23\); now text\(4\) constant; candidate text\(23\) as it is \(0@1, 0@2, 0@3\)$/m,
    )
    expect(out).toMatch(/fails on: newly-clear/)
    expect(err).toContain('line 4 is no record: not JSON')
  })

  test('--json has it all in one document', async () => {
    const { out } = await dryRun('clear', 'hidden', '--json', '--last', '2')
    const report = JSON.parse(out) as DryRunReport
    expect(report).toMatchObject({ isComplete: true, findings: { 'newly-clear': 1 }, topics: [{ records: 2 }] })
  })
})

describe('scrim explain', () => {
  const explain = (...args: readonly string[]) => run(explainCommand, ['--policies', at('hidden.json'), ...args])

  test('a record: what decides', async () => {
    const { code, out } = await explain('--record', at('records.jsonl'))
    expect(code).toBe(0)
    expect(out).toContain('the record is published')
    expect(out).toContain('* people maskingPolicy.maskingConditions[1] email: full: it decides')
  })

  test('a record of standard input, as JSON', async () => {
    const line = JSON.stringify(schemaRecord('raw.people', [aKey(), aString('nickname')], { id: 1, nickname: CANARY }))
    const { out } = await run(explainCommand, ['-p', at('hidden.json'), '--record', '-', '--json'], `${line}\n`)
    expect(JSON.parse(out) as Explanation).toMatchObject({
      views: [{ outcome: { outcome: 'reject', code: 'RECORD_UNKNOWN_COLUMN', where: 'after.nickname' } }],
    })
  })

  const cases: readonly (readonly [string, number, readonly string[]])[] = [
    ['a topic', 0, ['--topic', 'raw.people']],
    ['a topic that nothing names', 0, ['--topic', 'raw.x']],
    ['nothing', 2, []],
    ['two things', 2, ['--topic', 'a', '--at', 'a/0@1']],
    ['a place that is none', 2, ['--at', 'a/b@c']],
    ['a view that is not there', 2, ['--topic', 'raw.people', '--view', 'others']],
    ['a file that is not there', 2, ['--record', 'gone.jsonl']],
    ['no record in it', 1, ['--record', '-']],
  ]
  test.each(cases)('%s: exit code %i', async (_, code, args) => {
    expect((await explain(...args)).code).toBe(code)
  })
})

test('scrim check runs the tests of the policies, and fails where one does', async () => {
  const command = { run: check, options: checkOptions }
  const { code, out } = await run(command, ['--policies', at('failing.json')])
  expect(code).toBe(1)
  expect(out).toContain('  pass  people tests[0] hidden\n  FAIL  people tests[1]\n')
  expect(out).toContain('error POLICY_TEST_FAILED at people tests[1].expect.email')
  const { tests } = JSON.parse((await run(command, ['-p', at('failing.json'), '--json'])).out) as CheckReport
  expect(tests.map(({ passed }) => passed)).toEqual([true, false])
})
