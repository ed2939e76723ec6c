import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compile, transform } from '../src/engine.ts'
import type { PlanSettings } from '../src/pipeline/plan.ts'
import { type GoldenLine, goldenLine, recordOf } from './support/golden-line.ts'

/**
 * One folder for each behaviour a user would ask about. `policy.json`: documents, or `{settings, policies}`. `in.jsonl`: one
 * record a line, readable (support/golden-line.ts). `out.jsonl`: what became of each, in two lines where a row filter made
 * two of one. UPDATE_GOLDEN=1 writes it anew.
 */
const folder = 'test/golden'

interface Policies {
  readonly settings?: Partial<PlanSettings>
  readonly policies: readonly unknown[]
}

const readPolicies = (name: string): Policies => {
  const json = JSON.parse(readFileSync(`${folder}/${name}/policy.json`, 'utf8')) as
    | Policies
    | unknown[]
    | Record<string, unknown>
  if (Array.isArray(json)) return { policies: json }
  return 'policies' in json ? (json as Policies) : { policies: [json] }
}

/** The bytes 0 to 31, and another one. */
const keys = {
  default: Uint8Array.from({ length: 32 }, (_, n) => n),
  other: Uint8Array.from({ length: 32 }, (_, n) => 255 - n),
}

describe.each(readdirSync(folder))('%s', name => {
  const { settings = {}, policies } = readPolicies(name)
  const { plan, problems } = compile(policies, { keys, settings })
  const lines = readFileSync(`${folder}/${name}/in.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as GoldenLine)
  const outcomes = lines.map(line => transform([recordOf(line)], plan!))

  test('comes out as written down', () => {
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
    const out = outcomes.flatMap((list, n) => list.map(outcome => goldenLine(lines[n]!, outcome)))
    const path = `${folder}/${name}/out.jsonl`
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, `${out.map(line => JSON.stringify(line)).join('\n')}\n`)
    expect(existsSync(path), 'UPDATE_GOLDEN=1 writes it').toBe(true)
    const expected = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as unknown)
    expect(out).toEqual(expected)
  })

  test('is the same in one batch, and a second time', () => {
    const records = lines.map((line, n) => ({ ...recordOf(line), offset: n }))
    for (let round = 0; round < 2; round++) {
      const together = transform(records, plan!)
      for (const [n, line] of lines.entries()) {
        const own = together.filter(({ source }) => source.offset === n)
        expect(own.map(one => goldenLine(line, one))).toEqual(outcomes[n]!.map(one => goldenLine(line, one)))
      }
    }
  })
})
