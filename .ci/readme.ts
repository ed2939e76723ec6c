import { readFileSync, writeFileSync } from 'node:fs'
import { createMetrics } from '../src/adapters/telemetry/metrics.ts'
import { describeConfig } from '../src/config.ts'
import { errorCatalogue } from '../src/errors.ts'
import { sqlFunctions } from '../src/pipeline/expression/functions/function-table.ts'
import { maskTypes } from '../src/pipeline/mask/mask-types.ts'
import { findingCodes } from '../src/services/finding-codes.ts'

/** Makes the README's tables from the code: `node .ci/readme.ts`. A test fails where they have fallen apart. */

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(heads), row(heads.map(() => '---')), ...rows.map(row)].join('\n')
const code = (text: string): string => (text === '' ? '' : `\`${text}\``)

function masks(): string {
  const rows = Object.entries(maskTypes).map(([name, { summary, accepts, produces, uniqueness, examples }]) => {
    const [example] = examples
    const shown =
      example === undefined ? '' : `${code(JSON.stringify(example.input))} → ${code(JSON.stringify(example.output))}`
    return [code(name), summary, accepts, produces, uniqueness, shown]
  })
  return table(['mask', 'what it does', 'accepts', 'produces', 'uniqueness', 'example'], rows)
}

/** One row for each function, whatever its names. */
function functions(): string {
  const rows = [...new Set(Object.values(sqlFunctions))].map(sqlFunction => {
    const names = Object.keys(sqlFunctions).filter(name => sqlFunctions[name] === sqlFunction)
    const [example] = sqlFunction.examples
    const shown = example === undefined ? '' : `${code(example[0])} → ${code(example[1])}`
    return [names.map(code).join(', '), code(`(${sqlFunction.signature})`), sqlFunction.summary, shown]
  })
  return table(['function', 'takes', 'gives', 'example'], rows)
}

async function metrics(): Promise<string> {
  const text = await createMetrics().text()
  const rows = [...text.matchAll(/^# HELP (scrim_\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map(
    ([, name = '', help = '', type = '']) => [code(name), type, help],
  )
  return table(['metric', 'type', 'what it counts'], rows)
}

const sections: Record<string, () => string | Promise<string>> = {
  functions,
  masks,
  metrics,
  config: () =>
    table(
      ['key', 'default', 'meaning'],
      describeConfig().map(({ env, fallback, about }) => [code(env), code(fallback), about]),
    ),
  findings: () =>
    table(
      ['code', 'meaning'],
      Object.entries(findingCodes).map(([name, meaning]) => [code(name), meaning]),
    ),
  errors: () =>
    table(
      ['code', 'kind', 'meaning', 'what to do'],
      Object.entries(errorCatalogue).map(([name, { kind, message, hint }]) => [code(name), kind, message, hint]),
    ),
}

export async function makeReadme(text: string): Promise<string> {
  let made = text
  for (const [name, make] of Object.entries(sections)) {
    const body = await make()
    made = made.replace(
      new RegExp(`(<!-- made: ${name} -->\\n)[^]*?(<!-- end -->)`),
      (_, start: string, end: string) => `${start}${body}\n${end}`,
    )
  }
  return made
}

if (import.meta.main) writeFileSync('README.md', await makeReadme(readFileSync('README.md', 'utf8')))
