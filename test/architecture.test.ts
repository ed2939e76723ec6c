import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

/**
 * The house rules that a machine can hold. Each is a rule about one file, and shows a file that breaks it, so that a rule that
 * no longer notices anything fails here too.
 */
interface SourceFile {
  /** From the root of the project, with forward slashes. */
  readonly path: string
  readonly text: string
}

interface Rule {
  readonly name: string
  readonly applies: (path: string) => boolean
  /** What is wrong with the file, in words; empty where nothing is. */
  readonly check: (file: SourceFile) => string[]
  /** Files that the rule must refuse. */
  readonly broken: readonly SourceFile[]
}

interface Import {
  readonly target: string
  readonly isType: boolean
}

const src = (path: string): boolean => /^src\/.*\.ts$/.test(path) && !path.endsWith('.as.ts')
const within = (folder: string) => (path: string) => src(path) && path.startsWith(`src/${folder}/`)
const isTest = (path: string): boolean => /^test\/.*\.ts$/.test(path)
const architecture = 'test/architecture.test.ts'

/** Packages by the adapter that owns them. Node's own modules are open to every adapter: they are the outside. */
const vendors: Readonly<Record<string, readonly string[]>> = {
  connect: ['undici'],
  http: ['fastify', '@fastify/swagger', '@fastify/swagger-ui', '@fastify/type-provider-typebox', 'typebox'],
  kafka: ['kafkajs', '@platformatic/wasm-utils'],
  keys: [],
  'policy-files': [],
  postgres: ['pg'],
  ranger: ['undici'],
  telemetry: ['pino', 'prom-client'],
}

/**
 * Code, not only types, that adapters may take from the inner layers: pure things that the format on the wire is made of.
 * Everything else an adapter is handed by app.ts.
 */
const adapterCode: Readonly<Record<string, readonly string[]>> = {
  http: [
    'src/pipeline/mask/mask-types.ts', // GET /v1/mask-types shows the table
    'src/policy/ranger-export.ts', // GET /v1/policies?format=ranger is that form
  ],
  kafka: ['src/pipeline/headers.ts', 'src/pipeline/batch.ts', 'src/pipeline/record-key.ts'], // how a batch lies in memory
  keys: ['src/pipeline/seal.ts'], // the key's length and name are the seal's
}

/** What speaks to a person or to a parent process from within the tests. */
const printers: readonly string[] = ['test/support/stack/global-setup.ts', 'test/support/stack/doomed-parent.ts']

/** A cast through `unknown`: what it says cannot be said in types. */
const castsThroughUnknown: Readonly<Record<string, string>> = {
  'src/pipeline/serialize/masked-batch.ts': 'the only maker of a MaskedBatch: the brand exists in types alone',
  'src/pipeline/decode/quick/quick-scanner.ts': 'exports of a WebAssembly module have no types',
}

/** Files that are longer than 300 lines, each because its noun is one. */
const longFiles: Readonly<Record<string, string>> = {
  'src/config.ts': 'the table of keys is most of it',
  'src/errors.ts': 'the catalogue of codes is most of it',
}

/** Tests may wait for a condition; these pause between two looks at it, or hold something back for a while. */
const pauses: Readonly<Record<string, string>> = {
  'test/support/stack/until.ts': 'the pause between two looks at a condition',
  'test/adapters/postgres/outage.int.test.ts': 'the back-off of the mask stream between two attempts',
}

const rules: readonly Rule[] = [
  {
    name: 'pipeline imports itself, errors and pure libraries',
    applies: within('pipeline'),
    check: onlyImports([/^src\/pipeline\//, /^src\/errors\.ts$/, /^node:crypto$/, /^typebox$/, /^json-p3$/]),
    broken: [
      { path: 'src/pipeline/a.ts', text: "import { Kafka } from 'kafkajs'" },
      { path: 'src/pipeline/a.ts', text: "import {\n  a,\n} from '../policy/compile.ts'" },
      { path: 'src/pipeline/a.ts', text: "export { a } from 'node:fs'" },
    ],
  },
  {
    name: 'policy imports itself, pipeline, errors and pure libraries',
    applies: within('policy'),
    check: onlyImports([
      /^src\/(policy|pipeline)\//,
      /^src\/errors\.ts$/,
      /^(typebox(\/.*)?|json-p3|fast-json-patch)$/,
    ]),
    broken: [{ path: 'src/policy/a.ts', text: "import type { Log } from '../services/ports/log.ts'" }],
  },
  {
    name: 'pipeline and policy have no clock, no randomness, no input and no output',
    applies: path => within('pipeline')(path) || within('policy')(path),
    check: without(
      /\b(Date\.now|new Date\(\)|performance\.|Math\.random|random(Bytes|UUID|Int|Fill)|setTimeout|setInterval|setImmediate|fetch\(|process\.)/,
    ),
    broken: [
      { path: 'src/pipeline/a.ts', text: 'const at = Date.now()' },
      { path: 'src/policy/a.ts', text: 'const nonce = randomBytes(12)' },
    ],
  },
  {
    name: 'services import themselves, policy, pipeline, errors, and no vendor',
    applies: within('services'),
    check: onlyImports([/^src\/(services|policy|pipeline)\//, /^src\/errors\.ts$/, /^node:(crypto|timers\/promises)$/]),
    broken: [
      { path: 'src/services/a.ts', text: "import pg from 'pg'" },
      { path: 'src/services/a.ts', text: "import type { Pool } from '../adapters/postgres/pool.ts'" },
    ],
  },
  {
    name: 'an adapter imports types of the inner layers, its own folder and its own vendor',
    applies: within('adapters'),
    check: adapterProblems,
    broken: [
      { path: 'src/adapters/kafka/a.ts', text: "import { query } from '../postgres/pool.ts'" },
      { path: 'src/adapters/kafka/a.ts', text: "import pg from 'pg'" },
      { path: 'src/adapters/http/a.ts', text: "import { createPolicies } from '../../services/policies.ts'" },
      { path: 'src/adapters/http/a.ts', text: "import { createApp } from '../../app.ts'" },
      { path: 'src/adapters/redis/a.ts', text: '' },
    ],
  },
  {
    name: 'only main, app and the commands wire',
    applies: path => src(path) && !/^src\/(main|app)\.ts$|^src\/commands\//.test(path),
    check: file =>
      importsOf(file)
        .filter(({ target }) => /^src\/((main|app)\.ts|commands\/)/.test(target))
        .map(({ target }) => `imports ${target}`),
    broken: [{ path: 'src/engine.ts', text: "import { createApp } from './app.ts'" }],
  },
  {
    name: 'what can be embedded knows nothing of the process',
    applies: path => path === 'src/engine.ts',
    check: onlyImports([/^src\/(policy|pipeline)\//, /^src\/errors\.ts$/, /^node:crypto$/]),
    broken: [{ path: 'src/engine.ts', text: "import { readConfig } from './config.ts'" }],
  },
  {
    name: 'only main and config see the environment',
    applies: path => src(path) && !/^src\/(main|config)\.ts$/.test(path),
    check: without(/process\.env\b|\bfrom 'node:process'/),
    broken: [
      { path: 'src/app.ts', text: 'const a = process.env.SCRIM_KEYS' },
      { path: 'src/services/a.ts', text: "import { env } from 'node:process'" },
    ],
  },
  {
    name: 'only main ends the process',
    applies: path => src(path) && path !== 'src/main.ts',
    check: without(/process\.(exit|exitCode|abort|kill|reallyExit)\b/),
    broken: [{ path: 'src/app.ts', text: 'process.exitCode = 1' }],
  },
  {
    name: 'modules are loaded by literal imports',
    applies: path =>
      src(path) && path !== 'src/commands/demo.ts' && path !== 'src/adapters/kafka/overrides/internals.ts',
    check: without(/\bimport\((?!')|\brequire\(|createRequire/),
    broken: [
      { path: 'src/services/a.ts', text: 'await import(name)' },
      { path: 'src/services/a.ts', text: 'const load = createRequire(import.meta.url)' },
    ],
  },
  {
    name: 'no default exports',
    applies: src,
    check: without(/^export default\b|\bas default\b/),
    broken: [{ path: 'src/a.ts', text: 'export default {}' }],
  },
  {
    name: 'nothing is printed but by main, through the terminal it hands out',
    applies: path => src(path) || (isTest(path) && path !== architecture && !printers.includes(path)),
    check: file =>
      without(/\bconsole\./)(file).concat(
        src(file.path) && file.path !== 'src/main.ts' ? without(/process\.std(out|err)\b/)(file) : [],
      ),
    broken: [
      { path: 'src/services/a.ts', text: 'console.log(1)' },
      { path: 'src/services/a.ts', text: "process.stdout.write('a')" },
      { path: 'test/a.test.ts', text: 'console.log(1)' },
    ],
  },
  {
    name: 'no any',
    applies: src,
    check: without(/(?::|<|\bas|\||,)\s*any\b(?=\s*[),;>[\]|=}]|\s*$)|@ts-(ignore|nocheck)/),
    broken: [
      { path: 'src/a.ts', text: 'function f(a: any) {}' },
      { path: 'src/a.ts', text: 'const a = b as any' },
      { path: 'src/a.ts', text: 'new Map<string, any>()' },
      { path: 'src/a.ts', text: '// @ts-ignore' },
    ],
  },
  {
    name: 'no cast through unknown',
    applies: path => src(path) && !Object.hasOwn(castsThroughUnknown, path),
    check: without(/\bas unknown as\b|\bas never\b/),
    broken: [{ path: 'src/services/a.ts', text: 'const a = b as unknown as MaskedBatch' }],
  },
  {
    name: 'a file has at most 300 lines',
    applies: path => src(path) && !path.endsWith('.wasm.ts') && !Object.hasOwn(longFiles, path),
    check: ({ text }) => {
      const lines = text.trimEnd().split('\n').length
      return lines > 300 ? [`has ${lines} lines: which noun wants out?`] : []
    },
    broken: [{ path: 'src/a.ts', text: `${'\n'.repeat(300)}a` }],
  },
  {
    name: 'files are kebab-case and not a drawer for odds and ends',
    applies: path => src(path) || isTest(path),
    check: ({ path }) => {
      const name = posix.basename(path)
      if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*\.ts$/.test(name)) return [`${name} is not kebab-case`]
      return /^(index|lib|(.*-)?(utils?|helpers?|managers?|common|misc))\.ts$/.test(name)
        ? [`${name} says nothing`]
        : []
    },
    broken: [
      { path: 'src/services/MaskStream.ts', text: '' },
      { path: 'src/services/string-utils.ts', text: '' },
    ],
  },
  {
    name: 'tests wait for a condition, not for time to pass',
    applies: path => isTest(path) && path !== architecture && !Object.hasOwn(pauses, path),
    check: without(/\bawait (sleep|delay|setTimeout|wait)\(|new Promise(<\w+>)?\(\w+ => (void )?setTimeout\(/),
    broken: [
      { path: 'test/a.test.ts', text: 'await sleep(100)' },
      { path: 'test/a.test.ts', text: 'await new Promise(resolve => setTimeout(resolve, 100))' },
    ],
  },
  {
    name: 'no test is focused or without an end',
    applies: path => isTest(path) && path !== architecture,
    check: without(/\b(test|describe|it)\.only\b|\bfit\(/),
    broken: [{ path: 'test/a.test.ts', text: "test.only('a', () => {})" }],
  },
  {
    name: 'no path of one machine',
    applies: path => path !== architecture,
    check: without(/(?<![\w.:/-])\/(home|Users|root|work|tmp|mnt|private)\/[\w.-]/),
    broken: [
      { path: 'src/a.ts', text: `const a = '/${'home'}/me/scrim'` },
      { path: 'README.md', text: `see /${'tmp'}/a.log` },
    ],
  },
]

describe('the house rules', () => {
  const files = projectFiles()

  test.each(rules.map(rule => [rule.name, rule] as const))('%s', (_, { applies, check }) => {
    const concerned = files.filter(({ path }) => applies(path))
    expect(concerned.length, 'the rule concerns no file').toBeGreaterThan(0)
    expect(concerned.flatMap(file => check(file).map(problem => `${file.path}: ${problem}`))).toEqual([])
  })

  const broken = rules.flatMap(rule => rule.broken.map((file, at) => [rule.name, at + 1, rule, file] as const))
  test.each(broken)('a breach is noticed: %s (%i)', (_name, _at, { applies, check }, file) => {
    expect(applies(file.path)).toBe(true)
    expect(check(file)).not.toEqual([])
  })

  const exceptions = { castsThroughUnknown, longFiles, pauses }
  test.each(Object.entries(exceptions))('every exception in %s is still needed', (name, list) => {
    const rule = { castsThroughUnknown: 'no cast through', longFiles: 'a file has', pauses: 'tests wait' }[name] ?? '?'
    const check = rules.find(one => one.name.startsWith(rule))?.check
    const unneeded = Object.keys(list).filter(path => {
      const file = files.find(one => one.path === path)
      return file === undefined || check === undefined || check(file).length === 0
    })
    expect(unneeded).toEqual([])
  })
})

function onlyImports(allowed: readonly RegExp[]): Rule['check'] {
  return file =>
    importsOf(file)
      .filter(({ target }) => !allowed.some(one => one.test(target)))
      .map(({ target }) => `imports ${target}`)
}

/** No line of code has what the pattern finds. Whole-line comments may speak of it. */
function without(pattern: RegExp): Rule['check'] {
  return ({ text }) =>
    text.split('\n').flatMap((line, at) => {
      const found = /^\s*(\/\/(?! @)|\/?\*)/.test(line) ? null : pattern.exec(line)
      return found === null ? [] : [`line ${at + 1} has ${found[0].trim()}`]
    })
}

function importsOf({ path, text }: SourceFile): Import[] {
  const statements = /^(?:import|export)\s+(type\s+)?((?:[\w*{][^'"`;]*?\s)?from\s+)?'([^']+)'/gm
  const calls = /\bimport\(\s*'([^']+)'/g
  const resolved = (name: string) => (name.startsWith('.') ? posix.join(posix.dirname(path), name) : name)
  return [
    ...[...text.matchAll(statements)].map(([, type, names = '', name = '']) => ({
      target: resolved(name),
      isType: type !== undefined || everyNameIsType(names),
    })),
    ...[...text.matchAll(calls)].map(([, name = '']) => ({ target: resolved(name), isType: false })),
  ]
}

/** `{ type A, type B } from`. */
function everyNameIsType(names: string): boolean {
  const list = /^\{([^}]*)\}/
    .exec(names)?.[1]
    ?.split(',')
    .map(name => name.trim())
  return list?.filter(name => name !== '').every(name => name.startsWith('type ')) ?? false
}

function adapterProblems(file: SourceFile): string[] {
  const folder = file.path.split('/')[2] ?? ''
  const packages = vendors[folder]
  if (packages === undefined) return [`the folder ${folder} is not in the list of adapters`]
  const isAllowed = ({ target, isType }: Import): boolean =>
    target.startsWith(`src/adapters/${folder}/`) ||
    target === 'src/errors.ts' ||
    target.startsWith('node:') ||
    packages.includes(target) ||
    (isInner(target) && (isType || adapterCode[folder]?.includes(target) === true))
  return importsOf(file)
    .filter(found => !isAllowed(found))
    .map(({ target }) => `imports ${isInner(target) ? 'code of ' : ''}${target}`)
}

const isInner = (target: string): boolean => /^src\/(services|pipeline|policy)\/|^src\/config\.ts$/.test(target)

/** Every text of the project that people write: not what is installed, built, downloaded or generated. */
function projectFiles(): SourceFile[] {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const isSkipped = (name: string): boolean =>
    /^(node_modules|dist|coverage|golden|fixtures|package-lock\.json)$/.test(name) ||
    (name.startsWith('.') && name !== '.ci')
  const walk = (folder: string): SourceFile[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
      const path = posix.join(folder, entry.name)
      if (isSkipped(entry.name)) return []
      if (entry.isDirectory()) return walk(path)
      const isText = /\.(ts|json|jsonl|sql|md|ya?ml|sh|properties|xml)$|Dockerfile$|\/run$/.test(entry.name)
      return isText ? [{ path, text: readFileSync(join(root, path), 'utf8') }] : []
    })
  return walk('')
}
