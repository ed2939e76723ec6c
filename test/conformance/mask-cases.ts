import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** A case of a suite as its file has it. */
export interface MaskCase {
  readonly id: string
  readonly [member: string]: unknown
}

export interface MaskCases {
  /** Where they come from, for messages. */
  readonly from: string
  readonly isDefault: boolean
  readonly cases: readonly MaskCase[]
}

const defaultFiles = [
  '../shared/vectors/hive-masks/hive-udf.jsonl',
  '../shared/vectors/hive-masks/nestedstructure.jsonl',
  '../shared/vectors/hive-masks/customer-records.json',
  // Its neighbours, Debezium's own masks and the mask of digits, belong to masks that Scrim does not have yet.
  '../shared/vectors/dates-format/date-show-year.jsonl',
]

/** The cases of the folder that SCRIM_MASK_CASES names, whatever its files are called; else those of the vectors. */
export function readMaskCases(folder = process.env.SCRIM_MASK_CASES): MaskCases {
  if (folder === undefined || folder === '') {
    const files = defaultFiles.filter(file => existsSync(file))
    return { from: '../shared/vectors', isDefault: true, cases: files.flatMap(readCases) }
  }
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => /\.jsonl?$/.test(name))
    .sort()
  return { from: folder, isDefault: false, cases: files.flatMap(name => readCases(join(folder, name))) }
}

function readCases(file: string): MaskCase[] {
  const text = readFileSync(file, 'utf8')
  if (file.endsWith('.jsonl'))
    return text
      .split('\n')
      .filter(line => line.trim() !== '')
      .map(line => JSON.parse(line) as MaskCase)
  const suite = JSON.parse(text) as { readonly policies?: unknown; readonly tests?: readonly Record<string, unknown>[] }
  // Other files of a folder, such as service definitions, hold no cases.
  if (suite.policies === undefined || !Array.isArray(suite.tests)) return []
  return suite.tests.map((test, index) => ({
    ...test,
    suite,
    id: `${basename(file, '.json')}/${index + 1}`,
    kind: 'authorize-record',
  }))
}
