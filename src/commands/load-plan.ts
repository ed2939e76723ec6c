import { createKeyRing } from '../adapters/keys/key-ring.ts'
import { createPolicyFolder } from '../adapters/policy-files/folder.ts'
import { type Config, ConfigError, readConfig } from '../config.ts'
import { errorCatalogue, PoliciesRefused, type Problem } from '../errors.ts'
import type { Plan } from '../pipeline/plan.ts'
import { compileSet } from '../policy/compile-set.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { readFiles } from '../services/policy-changes.ts'
import { EXIT_FAILED, EXIT_USAGE, type Terminal } from './command.ts'
import { hasErrors, problemLine } from './problems.ts'

/** What a folder of policies amounts to. */
export interface LoadedPolicies {
  readonly documents: readonly PolicyDocument[]
  readonly plan: Plan | null
  readonly problems: readonly Problem[]
}

/** Reads and compiles the folder (default: the configured one). */
export async function readPolicies(folder: unknown, config: Config): Promise<LoadedPolicies> {
  const path = typeof folder === 'string' ? folder : config.policies
  const set = await createPolicyFolder({ path }).read()
  let documents: readonly PolicyDocument[]
  try {
    documents = readFiles(set)
  } catch (error) {
    if (!(error instanceof PoliciesRefused)) throw error
    return { documents: [], plan: null, problems: error.problems }
  }
  if (documents.length === 0) {
    return { documents, plan: null, problems: [{ code: 'POLICY_NONE', severity: 'error', where: { policy: path } }] }
  }
  return {
    documents,
    ...compileSet(documents, { keys: createKeyRing(config), settings: config, now: Date.now() }),
  }
}

/** The plan of the folder, or an exit code after the problems were told. */
export async function loadPlan(folder: unknown, terminal: Terminal): Promise<Plan | number> {
  const config = configOf(terminal)
  if (config === null) return EXIT_USAGE
  const { plan, problems } = await readPolicies(folder, config)
  for (const problem of problems) terminal.err(problemLine(problem))
  return plan === null || hasErrors(problems) ? EXIT_FAILED : plan
}

/** The configuration, or null after its problems were told. */
export function configOf(terminal: Terminal): Config | null {
  try {
    return readConfig(terminal.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const problem of error.problems) terminal.err(`error CONFIG_INVALID: ${problem}\n`)
    terminal.err(`${errorCatalogue.CONFIG_INVALID.hint}\n`)
    return null
  }
}
