import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { parseProof, type Proof, usageOf } from '../long/proof-options.ts'

const options = {
  count: { about: 'how many', byDefault: 10, least: 1 },
  minutes: { about: 'how long', byDefault: 5, least: 0.1, isFraction: true },
  only: { about: 'one of them', names: ['part killed', 'part frozen'] },
  all: { about: 'go on', isFlag: true },
} as const
const proof: Proof<typeof options> = {
  name: 'prove:it',
  about: 'Proves it.',
  options,
  check: ({ count, minutes }) => (count * minutes > 1_000 ? 'too long' : null),
}
const defaults = { count: 10, minutes: 5, only: undefined, all: false }
const badCount = '--count takes a whole number of at least 1'

const cases: [args: string[], answer: unknown][] = [
  [[], defaults],
  [
    ['--count', '3', '--minutes=0.5', '--only', 'part frozen', '--all'],
    { count: 3, minutes: 0.5, only: 'part frozen', all: true },
  ],
  [['--help'], null],
  [['-h', '--count', 'x'], null],
  [['--count', 'x'], badCount],
  [['--count', '0'], badCount],
  [['--count', '1.5'], badCount],
  [['--count', '1e3'], badCount],
  [['--count', '0x10'], badCount],
  [['--count='], badCount],
  [['--count=-1'], badCount],
  [['--count', '99999999999999999999'], badCount],
  [['--count', '-1'], "Option '--count' argument is ambiguous"],
  [['--count'], "Option '--count <value>' argument missing"],
  [['--minutes', '0'], '--minutes takes a number of at least 0.1'],
  [['--minutes', '5m'], '--minutes takes a number of at least 0.1'],
  [['--only', 'part'], "--only knows 'part killed', 'part frozen'"],
  [['--all=yes'], "Option '--all' does not take an argument"],
  [['--other'], "Unknown option '--other'"],
  [['--not.this'], "Unknown option '--not.this'"],
  [['other'], "Unexpected argument 'other'"],
  [['--count', '900'], 'too long'],
]
test.each(cases)('%j', (args, answer) => {
  expect(parseProof(proof, args)).toEqual(answer)
})

test('the usage tells every option, its default and its names', () => {
  expect(usageOf(proof)).toBe(`Usage: npm run prove:it -- [options]

Proves it.

  --count N    how many (default: 10)
  --minutes N  how long (default: 5)
  --only NAME  one of them: part killed, part frozen
  --all        go on
  --help       show this
`)
})

describe.each([
  ['crashes', 'prove:crash'],
  ['engine-agreement', 'prove:engine'],
  ['outages', 'prove:outage'],
])('%s.ts', (file, name) => {
  /** Ends by itself before a stack could be up. */
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [`test/long/${file}.ts`, ...args], { encoding: 'utf8', timeout: 20_000 })

  test('answers --help', () => {
    const { status, stdout, stderr } = run('--help')
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toContain(`Usage: npm run ${name} -- [options]`)
  })

  test.each([['--nothing'], ['--seed', 'x']])('refuses %s', (...args) => {
    const { status, stdout, stderr } = run(...args)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain(`Usage: npm run ${name}`)
    expect(stderr.split('\n')[0]).toMatch(new RegExp(`^${name}: .*${args[0]}`))
    expect(stderr).not.toContain('    at ')
  })
})

test('the outages are named', () => {
  const { stdout } = spawnSync(process.execPath, ['test/long/outages.ts', '--help'], { encoding: 'utf8' })
  expect(stdout).toContain('broker killed, postgres killed, broker frozen, postgres frozen')
})
