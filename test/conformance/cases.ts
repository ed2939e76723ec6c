import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type Json = Readonly<Record<string, unknown>>

export interface CaseFile {
  readonly path: string
  readonly name: string
  readonly json: unknown
}

const isObject = (json: unknown): json is Json => typeof json === 'object' && json !== null && !Array.isArray(json)
export const object = (json: unknown): Json => (isObject(json) ? json : {})
export const list = (json: unknown): readonly unknown[] => (Array.isArray(json) ? json : [])
export const text = (json: unknown): string | null => (typeof json === 'string' ? json : null)
export const texts = (json: unknown): readonly string[] => list(json).filter(one => typeof one === 'string')

/** Upstream has comments and commas at the end in one of its files. */
function parse(source: string): unknown {
  try {
    return JSON.parse(source)
  } catch {
    const plain = source.replace(/^\s*#.*$/gm, '').replace(/,(\s*[}\]])/g, '$1')
    return JSON.parse(plain)
  }
}

const chosen = process.env.SCRIM_RANGER_CASES

/** Files of Ranger's own suites: those beside the project, or those that SCRIM_RANGER_CASES names. */
export const casesFolder =
  chosen ?? fileURLToPath(new URL('../../../shared/vectors/ranger-policyengine', import.meta.url))
export const isChosen = chosen !== undefined
export const hasCases = existsSync(casesFolder)

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.json') && basename(name) !== 'manifest.json')
    .map(name => join(folder, name))
    .sort()
}

export const caseFiles: readonly CaseFile[] = hasCases
  ? filesBelow(casesFolder).map(path => ({
      path,
      name: basename(path, '.json'),
      json: parse(readFileSync(path, 'utf8')),
    }))
  : []

const manifestPath = join(casesFolder, 'manifest.json')
/** Counts that must be met; a folder without one is counted by its files. */
export const manifest: Json | null = existsSync(manifestPath) ? object(parse(readFileSync(manifestPath, 'utf8'))) : null

const isTest = (json: unknown): boolean => isObject(json) && 'request' in json

/** An engine file has a service-def, policies and tests, or a chain of them. */
export const engineFiles = caseFiles.filter(({ json }) => {
  const file = object(json)
  const tests = list(file.tests ?? object(file.testsInfo).tests)
  return isObject(file.serviceDef) && Array.isArray(file.policies) && tests.length > 0 && tests.every(isTest)
})

const hasTestCases = (file: CaseFile): boolean => Array.isArray(object(file.json).testCases)
export const policyMatcherFiles = caseFiles.filter(file => hasTestCases(file) && isObject(object(file.json).serviceDef))
export const matcherFiles = caseFiles.filter(file => {
  return hasTestCases(file) && list(object(file.json).testCases).every(one => isObject(object(one).policyResource))
})
export const validityFiles = caseFiles.filter(
  ({ json }) =>
    Array.isArray(json) && json.length > 0 && json.every(one => isObject(one) && 'validitySchedules' in one),
)
export const serviceDefFiles = caseFiles.filter(({ json }) => {
  const file = object(json)
  return Array.isArray(file.resources) && Array.isArray(file.accessTypes)
})

/** Whether there is anything to run at all; with a folder that was chosen, nothing is a failure. */
export const hasAnyCase =
  [engineFiles, matcherFiles, policyMatcherFiles, validityFiles, serviceDefFiles].flat().length > 0

/** What the manifest wants counted under a name; null where it does not say. */
export function total(name: string): number | null {
  const found = object(manifest?.totals)[name]
  return typeof found === 'number' ? found : null
}

/** A tag store that an engine file names by its path from the root of upstream's resources. */
export function tagFile(name: string, from: CaseFile): unknown {
  const found = [join(casesFolder, name), join(dirname(from.path), basename(name))].find(path => existsSync(path))
  return found === undefined ? null : parse(readFileSync(found, 'utf8'))
}

/** Says in the list of tests that they were left out, and why. */
export const absence = `no cases at ${isChosen ? 'the folder that SCRIM_RANGER_CASES names' : 'shared/vectors/ranger-policyengine'}`
