import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Uses the package as a stranger would: packed, installed into an empty project without development dependencies, its
 * command run, its engine embedded and its types compiled. Needs a built dist/.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
const project = mkdtempSync(join(tmpdir(), 'scrim-package-'))
const bin = (name: string) => join(root, 'node_modules', '.bin', name)
// The Node that the project brings comes first, for npm and for the installed command.
const env = { ...process.env, PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) }
const run = (command: string, args: readonly string[], input = ''): string =>
  execFileSync(command, args, { cwd: project, env, input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'] })

const embedding = `
import { readFileSync } from 'node:fs'
import { compile, transform, type Plan, type RecordLine } from 'scrim'

const [records = '', ...policies] = process.argv.slice(2)
const { plan, problems } = compile(policies.flatMap(file => JSON.parse(readFileSync(file, 'utf8'))))
if (plan === null) throw new Error(problems.map(problem => problem.code).join())
const mine: Plan = plan
const lines = readFileSync(records, 'utf8').trimEnd().split('\\n').map(line => JSON.parse(line) as RecordLine)
process.stdout.write(transform(lines, mine).map(({ outcome }) => outcome).join())
// @ts-expect-error a name is not a plan
export const refused = () => transform(lines, 'mine')
`

try {
  const packed = JSON.parse(run('npm', ['pack', root, '--json', '--loglevel=error'])) as unknown
  const [{ filename }] = (Array.isArray(packed) ? packed : Object.values(packed as object)) as [{ filename: string }]
  writeFileSync(join(project, 'package.json'), '{ "name": "stranger", "type": "module", "private": true }')
  run('npm', ['install', '--omit=dev', '--prefer-offline', '--no-audit', '--loglevel=error', `./${filename}`])

  const scrim = join(project, 'node_modules', '.bin', 'scrim')
  const samples = join(root, 'compose', 'demo', 'sample-records.jsonl')
  expect('scrim --help names its commands', run(scrim, ['--help']), /\brun\b[\s\S]*\bmask\b[\s\S]*\bcheck\b/)
  const masked = run(scrim, ['mask', '--policies', join(root, 'policies'), samples])
  expect('scrim mask publishes the sample records', masked, /"outcome":"publish"/)

  writeFileSync(join(project, 'embed.ts'), embedding)
  const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')]
  run(bin('tsc'), ['--strict', '--target', 'es2022', '--module', 'nodenext', ...types, 'embed.ts'])
  const policies = readdirSync(join(root, 'policies')).filter(name => name.endsWith('.json'))
  const paths = policies.map(name => join(root, 'policies', name))
  expect('the embedded engine masks', run(process.execPath, ['embed.js', samples, ...paths]), /^publish/)

  const migrations = readFileSync(join(root, 'src/adapters/postgres/sql/001-audit.sql'), 'utf8')
  const installed = join(project, 'node_modules/scrim/dist/adapters/postgres/sql/001-audit.sql')
  if (readFileSync(installed, 'utf8') !== migrations) throw new Error('the package has other SQL than the sources')
} finally {
  rmSync(project, { recursive: true, force: true })
}

function expect(what: string, text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`not so: ${what}`)
  process.stdout.write(`${what}\n`)
}
