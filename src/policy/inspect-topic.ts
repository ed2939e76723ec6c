import type { Problem } from '../errors.ts'
import { REMOVE, TOAST_REFUSE } from '../pipeline/layout.ts'
import { maskTypeName } from '../pipeline/mask/mask-types.ts'
import { fitNew } from '../pipeline/expression/fit.ts'
import type { ColumnRule, ColumnRules, ViewPlan } from '../pipeline/plan.ts'
import { createRowScope, isFault, type RowScope, ruleOf } from '../pipeline/project/row-scope.ts'
import { bindColumn } from '../pipeline/project/bind-column.ts'
import { rulesInside } from '../pipeline/project/bind-inside.ts'
import type { SchemaPlan } from '../pipeline/project/schema-plan.ts'
import { type ColumnType, type SchemaColumn, typeText } from '../pipeline/schema.ts'

export type Part = 'key' | 'row'

/** What the policies make of one column. */
export interface ColumnReport {
  readonly column: string
  /** Where it was seen; empty where no record or schema was looked at. */
  readonly parts: readonly Part[]
  readonly type: string | null
  /** The mask's name, `none` (with the masks on parts of the column), or what an unknown column does. */
  readonly mask: string
  /** Policy and path of the rule. */
  readonly by: string | null
  /** What makes the column known; `no`: nothing does. */
  readonly known: 'policy' | 'accepted schema' | 'no'
  /** The type that goes out; null: nothing does, or it is not known. */
  readonly masked: string | null
  /** The name that goes out; null: nothing does. */
  readonly outName: string | null
}

/** What a live run would make of a topic under one view. */
export interface TopicReport {
  readonly topic: string
  readonly view: string
  readonly maskedTopic: string
  readonly columns: readonly ColumnReport[]
  /** What became of the records looked at, in words; null where there were none. */
  readonly records: string | null
  readonly isSchemaless: boolean
}

/** The schema blocks of a topic that were looked at, oldest first, or the names of columns where it has none. */
export interface SeenColumns {
  readonly key: readonly SchemaPlan[]
  readonly value: readonly SchemaPlan[]
  readonly schemaless: { readonly key: readonly string[]; readonly row: readonly string[] }
}

/** The columns of a topic as rules and schemas say, with what stands against them. */
export function inspectTopic(
  view: ViewPlan,
  seen: SeenColumns,
): { readonly columns: readonly ColumnReport[]; readonly problems: readonly Problem[] } {
  const { rules, topic } = view
  const found = new Map<string, { readonly parts: Set<Part>; type: ColumnType | null }>()
  const note = (part: Part, { name, type }: { readonly name: string; readonly type: ColumnType | null }): void => {
    const known = found.get(name)
    if (known === undefined) found.set(name, { parts: new Set([part]), type })
    else {
      known.parts.add(part)
      known.type = type ?? known.type
    }
  }
  const declared = new Map(rules.tableSchema?.columns.map(({ name, type }) => [name, type]))
  for (const column of rowsOf(seen.key)) note('key', column)
  for (const column of rowsOf(seen.value)) note('row', column)
  for (const name of seen.schemaless.key) note('key', { name, type: declared.get(name) ?? null })
  for (const name of seen.schemaless.row) note('row', { name, type: declared.get(name) ?? null })
  const names = new Set([...found.keys(), ...declared.keys(), ...rules.byName.keys()])
  const all = [...names].map(name => ({ name, type: found.get(name)?.type ?? declared.get(name) ?? null }))
  const scope = createRowScope(all, rules)
  const columns = all.map(column => columnReport(view, column, [...(found.get(column.name)?.parts ?? [])], scope))
  const isLooked = all.some(({ type }) => type !== null)
  return {
    columns: [...columns, ...addedReports(view, names, scope)],
    problems: [
      ...(isLooked ? filterProblems(view, scope) : []),
      ...schemaProblems(topic, seen),
      ...schemalessProblems(view, seen, declared),
      ...toastProblems(topic, seen),
      ...unmetProblems(view, found, declared),
    ],
  }
}

/** Columns that policies name and that none of the schemas and records looked at has. */
function unmetProblems(
  { topic, rules }: ViewPlan,
  found: ReadonlyMap<string, unknown>,
  declared: ReadonlyMap<string, unknown>,
): Problem[] {
  if (found.size === 0) return []
  return [...rules.byName].flatMap(([column, { policy, path }]): Problem[] =>
    found.has(column) || declared.has(column)
      ? []
      : [
          {
            code: 'POLICY_COLUMN_UNMET',
            severity: 'warning',
            where: { topic, policy, path },
            detail: `column ${column}`,
          },
        ],
  )
}

const rowsOf = (plans: readonly SchemaPlan[]): readonly SchemaColumn[] =>
  plans.filter(isRows).flatMap(({ columns }) => columns)

const isRows = ({ shape }: SchemaPlan): boolean => shape === 'event' || shape === 'row'

function columnReport(
  { rules, keys }: ViewPlan,
  { name: column, type }: { readonly name: string; readonly type: ColumnType | null },
  parts: readonly Part[],
  scope: RowScope,
): ColumnReport {
  const accepted = rules.tableSchema?.columns.some(({ name }) => name === column) ?? false
  const rule = ruleOf(column, rules)
  const {
    problem,
    effect,
    computed,
    column: bound,
    outName,
  } = bindColumn(column, type, 'row', rules, keys, null, scope)
  const goesOut = problem === null && bound.act !== REMOVE
  const kept = type === null ? null : (effect?.becomes ?? typeText(type))
  const projected = projectedBy(column, rules)
  const known = rules.byName.has(column) ? 'policy' : accepted ? 'accepted schema' : 'no'
  return {
    column,
    parts,
    type: type === null ? null : `${typeText(type)}${type.optional ? '' : ' not null'}`,
    mask:
      projected !== null
        ? 'projection'
        : rule === null
          ? accepted
            ? passing(column, rules)
            : `unknown: ${rules.unknown}`
          : maskText(column, rule, rules),
    by: projected ?? (rule === null ? null : `${rule.policy} ${rule.path}`),
    known: projected !== null && known === 'no' ? 'policy' : known,
    masked: !goesOut ? null : computed !== null ? typeText(computed.type) : kept,
    outName: goesOut ? outName : null,
  }
}

/** Policy and path of the projection that takes the column out or puts another in its place. */
function projectedBy(column: string, { projection }: ColumnRules): string | null {
  if (projection === null || !(projection.drop.has(column) || projection.columns.has(column))) return null
  return `${projection.policy} ${projection.path}`
}

/** Columns that only a projection makes. */
function addedReports({ rules }: ViewPlan, names: ReadonlySet<string>, scope: RowScope): ColumnReport[] {
  return [...(rules.projection?.columns ?? [])].flatMap(([column, text]): ColumnReport[] => {
    if (names.has(column)) return []
    const expression = scope.value(text, null)
    const computed = isFault(expression) ? expression : fitNew(expression)
    const masked = isFault(computed) ? null : typeText(computed.type)
    const by = `${text.policy} ${text.path}`
    const outName = masked === null ? null : column
    return [{ column, parts: [], type: null, mask: 'projection', by, known: 'policy', masked, outName }]
  })
}

/** A filter that the columns looked at do not fit. */
function filterProblems({ rules: { rowFilter }, topic }: ViewPlan, scope: RowScope): Problem[] {
  const bound = rowFilter === null ? null : scope.condition(rowFilter)
  if (bound === null || !isFault(bound)) return []
  return [{ code: bound.code, severity: 'error', where: { topic }, detail: bound.detail }]
}

const maskText = (column: string, { maskType }: ColumnRule, rules: ColumnRules): string =>
  maskType.effect === 'keep' ? passing(column, rules) : maskTypeName(maskType)

/** `none`, or `none; partial, drop on parts`. */
function passing(column: string, rules: ColumnRules): string {
  const parts = rulesInside(column, rules).filter(rule => rule.column !== null && !rule.isGuess)
  const names = new Set(parts.map(({ rule }) => maskTypeName(rule.maskType)))
  return names.size === 0 ? 'none' : `none; ${[...names].join(', ')} on parts`
}

function schemaProblems(topic: string, { key, value }: SeenColumns): Problem[] {
  const found = new Map<string, Problem>()
  for (const { code, path, detail } of [...key, ...value].flatMap(({ problems }) => problems)) {
    // `before` has the columns of `after`: one of the two is enough to read.
    const id = `${code} ${path.replace(/^before\./, 'after.')}`
    if (!found.has(id)) found.set(id, { code, severity: 'error', where: { topic, path }, detail })
  }
  return [...found.values()]
}

function schemalessProblems(
  { topic, rules, keys }: ViewPlan,
  { schemaless }: SeenColumns,
  declared: ReadonlyMap<string, ColumnType>,
): Problem[] {
  const check = (part: Part, names: readonly string[]): Problem[] =>
    names.flatMap(name => {
      const { problem } = bindColumn(name, declared.get(name) ?? null, part, rules, keys)
      const path = part === 'key' ? `key.${name}` : name
      return problem === null
        ? []
        : [{ code: problem.code, severity: 'error', where: { topic, path }, detail: problem.detail }]
    })
  return [...check('key', schemaless.key), ...check('row', schemaless.row)]
}

/** Strings and bytes that Postgres never moves out of the row. */
const neverToasted = /^io\.debezium\.(?:data\.(?:Uuid|Enum|Bits)|time\.)|^org\.apache\.kafka\.connect\.data\./

/** The columns whose unchanged TOAST value would hold the partition, as one warning: at the source one setting cures them all. */
function toastProblems(topic: string, { value }: SeenColumns): Problem[] {
  const holding = value.flatMap(({ shape, layout, columns }) => {
    const row = shape === 'event' ? layout.byName.get('after')?.child : shape === 'row' ? layout : null
    return columns
      .filter(
        ({ name, type }) => row?.byName.get(name)?.toast === TOAST_REFUSE && !neverToasted.test(type.logical ?? ''),
      )
      .map(({ name }) => name)
  })
  const names = [...new Set(holding)]
  if (names.length === 0) return []
  return [
    {
      code: 'SCHEMA_TOAST',
      severity: 'warning',
      where: { topic },
      detail: `holds the partition where it is not re-selected: ${names.join(', ')}`,
    },
  ]
}
