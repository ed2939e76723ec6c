import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compile, transform } from '../../src/engine.ts'
import { JsonDocument } from '../../src/pipeline/mask/inside/json-document.ts'
import { Search } from '../../src/pipeline/mask/inside/resolve.ts'
import { readJsonPath } from '../../src/policy/selector/rfc-9535.ts'
import { Unfit } from '../../src/policy/selector/unfit.ts'

/**
 * RFC 9535 by the cases of its compliance suite: a file or a folder of them, named by SCRIM_JSONPATH_CASES, else the visible
 * part beside the project. What is invalid must be refused where a policy is loaded; what is valid must select the same
 * values in the same places, and a policy must reach just those in a JSON column.
 */

interface Case {
  readonly name: string
  readonly selector: string
  readonly invalid_selector?: boolean
  readonly document?: unknown
  readonly result?: readonly unknown[]
  readonly results?: readonly (readonly unknown[])[]
  readonly result_paths?: string | readonly string[]
  readonly results_paths?: readonly (readonly string[])[]
}

const visible = new URL('../../../shared/vectors/jsonpath/cts.json', import.meta.url).pathname
const named = process.env.SCRIM_JSONPATH_CASES
const source = named ?? visible
const filesOf = (path: string): string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .filter(name => name.endsWith('.json'))
        .map(name => join(path, name))
    : [path]
const casesOf = (path: string): readonly Case[] => {
  const json = JSON.parse(readFileSync(path, 'utf8')) as readonly Case[] | { readonly tests: readonly Case[] }
  return 'tests' in json ? json.tests : json
}
const cases = named !== undefined || existsSync(visible) ? filesOf(source).flatMap(casesOf) : []

test.runIf(named !== undefined)('cases were found where the variable says', () => {
  expect(cases.length).toBeGreaterThan(0)
})
test.runIf(named === undefined && cases.length > 0)('all visible cases are here', () => {
  expect(cases.length).toBe(422)
  expect(cases.filter(one => one.invalid_selector === true).length).toBe(148)
})
test.skipIf(cases.length > 0)(
  'SKIPPED: no cases; set SCRIM_JSONPATH_CASES to a file or folder of them',
  () => undefined,
)

const invalid = cases.filter(one => one.invalid_selector === true)
const valid = cases.filter(one => one.invalid_selector !== true)

const policyFor = (...conditions: readonly Record<string, unknown>[]): unknown[] => [
  { name: 'p', resources: { topic: 't' }, maskingPolicy: { maskingConditions: conditions } },
  {
    name: 's',
    tableSchema: {
      topic: 't',
      columns: [{ name: 'doc', type: 'string', logical: 'io.debezium.data.Json', optional: true }],
    },
  },
]

const titled = (list: readonly Case[]): [string, Case][] =>
  list.map((one, n) => [`${n} ${one.name}: ${JSON.stringify(one.selector)}`, one])

describe('invalid selectors are refused at load', () => {
  test.each(titled(invalid))('%s', (_, { selector }) => {
    expect(() => readJsonPath(selector)).toThrow(Unfit)
    for (const field of [selector, selector.replace(/^\$/, '$.doc')]) {
      const { plan, problems } = compile(policyFor({ field, maskType: 'null' }))
      expect(plan).toBeNull()
      expect(problems.map(({ code }) => code)).toEqual(['POLICY_SELECTOR'])
    }
  })
})

describe('valid selectors select the same values in the same places', () => {
  test.each(titled(valid))('%s', (_, { selector, document: given, ...expected }) => {
    const bytes = Buffer.from(JSON.stringify(given))
    const document = new JsonDocument()
    document.read(bytes, 0, bytes.length)
    const nodes = new Search(document).nodes(readJsonPath(selector))
    const values = nodes.map(
      node => JSON.parse(bytes.toString('utf8', document.start(node), document.end(node))) as unknown,
    )
    expect(expected.results ?? [expected.result]).toContainEqual(values)
    const paths = nodes.map(node => pathOf(document, node))
    expect(expected.results_paths ?? [[expected.result_paths ?? []].flat()]).toContainEqual(paths)
  })
})

describe('a policy takes just these places out of a JSON column', () => {
  const isWhole = ({ selector }: Case): boolean => selector === '$'
  const looksElsewhere = ({ selector }: Case): boolean => /[?,(&|=<>!\s]\s*\$/.test(selector.slice(1))
  const concerned = valid.filter(one => !isWhole(one))

  test.each(titled(concerned.filter(looksElsewhere)))('refused, for it looks at the record: %s', (_, { selector }) => {
    expect(
      compile(policyFor({ field: selector.replace('$', '$.doc'), maskType: 'drop' })).problems[0]?.detail,
    ).toContain('a filter that starts at $')
  })

  test.each(titled(concerned.filter(one => !looksElsewhere(one))))('%s', (_, { selector, document, ...expected }) => {
    const { plan } = compile(policyFor({ field: selector.replace('$', '$.doc'), maskType: 'drop' }))
    const doc = JSON.stringify(document)
    const [outcome] = transform([{ topic: 't', value: { before: null, after: { doc }, source: {}, op: 'c' } }], plan!)
    if (outcome?.outcome !== 'publish') throw new Error(`it is not published: ${JSON.stringify(outcome)}`)
    const masked = JSON.parse(Buffer.from(outcome.record.value ?? '', 'base64').toString()) as {
      readonly after: { readonly doc: string }
    }
    const gone = new Set(expected.results_paths?.[0] ?? [expected.result_paths ?? []].flat())
    expect(JSON.parse(masked.after.doc)).toEqual(without(document, '$', gone))
    if (gone.size === 0) expect(masked.after.doc).toBe(doc)
  })
})

function pathOf(document: JsonDocument, node: number): string {
  const parent = document.parent(node)
  if (parent < 0) return '$'
  const name = document.name(node)
  return `${pathOf(document, parent)}[${name === null ? indexOf(document, parent, node) : quoted(name)}]`
}

function indexOf(document: JsonDocument, parent: number, node: number): number {
  let index = 0
  for (let at = parent + 1; at < node; at = document.next(at)) index++
  return index
}

/** A name as a normalised path has it (RFC 9535, 2.7). */
const quoted = (name: string): string =>
  `'${JSON.stringify(name).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`

function without(value: unknown, path: string, gone: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) {
    const kept = value.map((item: unknown, n) => ({ item, at: `${path}[${n}]` })).filter(({ at }) => !gone.has(at))
    return kept.map(({ item, at }) => without(item, at, gone))
  }
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([name]) => !gone.has(`${path}[${quoted(name)}]`))
  return Object.fromEntries(kept.map(([name, one]) => [name, without(one, `${path}[${quoted(name)}]`, gone)]))
}
