import { parseArgs } from 'node:util'

/** An option of a long proof: a number, one of some names (all of them where it is left out), or a flag. */
type ProofOption = { readonly about: string } & (
  | { readonly byDefault: number; readonly least?: number; readonly isFraction?: boolean }
  | { readonly names: readonly string[] }
  | { readonly isFlag: true }
)

type ValueOf<O> = O extends { readonly byDefault: number }
  ? number
  : O extends { readonly names: readonly (infer Name)[] }
    ? Name | undefined
    : boolean

type ValuesOf<Options> = { readonly [Name in keyof Options]: ValueOf<Options[Name]> }

export interface Proof<Options extends Readonly<Record<string, ProofOption>>> {
  /** Its script in package.json. */
  readonly name: string
  readonly about: string
  readonly options: Options
  /** What stands against the values together. */
  readonly check?: (values: ValuesOf<Options>) => string | null
}

/** The values of the command line, or a problem in one line. Null: `--help` was asked for. */
export function parseProof<const Options extends Readonly<Record<string, ProofOption>>>(
  { options, check }: Proof<Options>,
  args: readonly string[],
): ValuesOf<Options> | string | null {
  const types = Object.entries(options).map(
    ([name, option]) => [name, { type: 'isFlag' in option ? 'boolean' : 'string' }] as const,
  )
  let given: Readonly<Record<string, string | boolean | undefined>>
  try {
    const all = { ...Object.fromEntries(types), help: { type: 'boolean', short: 'h' } } as const
    given = parseArgs({ args: [...args], options: all }).values
  } catch (error) {
    return (error as Error).message.split(/\.?\n|\. /)[0] ?? ''
  }
  if (given.help === true) return null
  const values: Record<string, unknown> = {}
  for (const [name, option] of Object.entries(options)) {
    const value = given[name]
    if ('isFlag' in option) values[name] = value === true
    else if ('names' in option) {
      values[name] = value
      if (value !== undefined && !option.names.includes(String(value)))
        return `--${name} knows ${option.names.map(one => `'${one}'`).join(', ')}`
    } else {
      const { byDefault, least = 0, isFraction = false } = option
      const number = typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : Number.NaN
      values[name] = value === undefined ? byDefault : number
      if (value !== undefined && !(number >= least && (isFraction || Number.isSafeInteger(number))))
        return `--${name} takes a ${isFraction ? '' : 'whole '}number of at least ${least}`
    }
  }
  return check?.(values as ValuesOf<Options>) ?? (values as ValuesOf<Options>)
}

export function usageOf({
  name,
  about,
  options,
}: Pick<Proof<Readonly<Record<string, ProofOption>>>, 'name' | 'about' | 'options'>): string {
  const lines = Object.entries(options).map(([option, told]) => {
    const spelled = `--${option}${'isFlag' in told ? '' : 'names' in told ? ' NAME' : ' N'}`
    const more =
      'names' in told ? `: ${told.names.join(', ')}` : 'byDefault' in told ? ` (default: ${told.byDefault})` : ''
    return `  ${spelled.padEnd(12)} ${told.about}${more}`
  })
  return `Usage: npm run ${name} -- [options]\n\n${about}\n\n${lines.join('\n')}\n  ${'--help'.padEnd(12)} show this\n`
}

/** The values of this process' command line; ends it for `--help` and for what is wrong, before anything is started. */
export function readOptions<const Options extends Readonly<Record<string, ProofOption>>>(
  proof: Proof<Options>,
): ValuesOf<Options> {
  const values = parseProof(proof, process.argv.slice(2))
  if (values === null) {
    process.stdout.write(usageOf(proof))
    process.exit(0)
  }
  if (typeof values === 'string') {
    process.stderr.write(`${proof.name}: ${values}\n\n${usageOf(proof)}`)
    process.exit(2)
  }
  return values
}
