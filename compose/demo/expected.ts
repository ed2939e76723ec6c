/**
 * What the target must hold, worked out from the source by the rules of the documents (tables 3.1 and 5.1, sections 5.2, 5.3
 * and 8.1). Written by hand and on purpose without the engine and the policy files: it is what they are checked against.
 */

/** What becomes of a column. A null stays null under every rule. */
export type Rule =
  | 'clear'
  | 'absent'
  | 'null'
  /** Eight stars and the last four characters. */
  | 'aadhaar'
  /** A star for each character but the last four. */
  | 'last four'
  | 'domain'
  /** The same for every value: as Postgres prints it, and as Debezium writes it. */
  | { readonly constant: string; readonly json: unknown }

/** One table on its way. */
export interface Table {
  readonly name: string
  readonly source: string
  readonly rawTopic: string
  readonly maskedTopic: string
  readonly target: string
  readonly key: readonly string[]
  readonly columns: Readonly<Record<string, Rule>>
}

const text = (constant: string): Rule => ({ constant, json: constant })
const all = (rule: Rule, ...names: string[]): Record<string, Rule> =>
  Object.fromEntries(names.map(name => [name, rule]))

const table = (
  schema: string,
  name: string,
  target: string,
  key: readonly string[],
  columns: Record<string, Rule>,
): Table => ({
  name,
  source: `${schema}.${name}`,
  rawTopic: `warehouse-to-citizen-cdc.${name}`,
  maskedTopic: `warehouse-to-citizen-cdc.${name}.masked`,
  target: `public.${target}`,
  key,
  columns,
})

/** The four tables of the warehouse; `incomeBand` is the constant that policy 2 writes. */
export const tables = (incomeBand = 'CONFIDENTIAL'): readonly Table[] => [
  table('public', 'golden_records', 'profile_data', ['golden_record_id'], {
    ...all('clear', 'golden_record_id', 'family_id'),
    ...all('aadhaar', 'jan_aadhaar', 'aadhaar_number'),
    ...all('clear', 'full_name', 'full_name_hi'),
    date_of_birth: 'null',
    gender: 'clear',
    mobile_number: 'last four',
    email: 'domain',
    ...all(text('****'), 'address_line1', 'address_line2'),
    ...all('clear', 'city', 'district', 'district_hi'),
    pincode: text('****'),
    ...all('null', 'latitude', 'longitude'),
    ...all(text('CONFIDENTIAL'), 'bank_name', 'bank_account_number'),
    bank_ifsc: text('****'),
    annual_income: { constant: '-1.00', json: Buffer.from([-100]).toString('base64') }, // -1.00 as unscaled bytes
    ...all('clear', 'verification_status', 'is_active'),
    ...all('absent', 'source_records', 'match_score'),
    ...all('clear', 'updated_by', 'created_at', 'updated_at'),
  }),
  table('public', 'profile_360', 'profile_summary', ['profile_id'], {
    ...all('clear', 'profile_id', 'golden_record_id'),
    jan_aadhaar: 'aadhaar',
    ...all('clear', 'household_size', 'dependents'),
    contact_mobile: 'last four',
    contact_email: 'domain',
    home_address: 'null',
    inferred_income_band: text(incomeBand),
    bank_accounts: text('[]'),
    vulnerability_level: 'clear',
    ...all('absent', 'vulnerability_scores', 'ml_features', 'embedding', 'model_version'),
    ...all('clear', 'schemes_availed', 'benefits_received', 'portal_visible', 'summary', 'summary_hi', 'refreshed_at'),
  }),
  table('public', 'scheme_master', 'schemes', ['scheme_code'], {
    ...all('clear', 'scheme_code', 'scheme_name', 'scheme_name_hi', 'department', 'description', 'description_hi'),
    ...all('clear', 'benefit_amount', 'is_open', 'starts_on'),
    eligibility_rules: 'absent',
    updated_at: 'clear',
  }),
  table('eligibility', 'eligibility_snapshots', 'eligibility_hints', ['family_id', 'scheme_code'], {
    ...all('clear', 'family_id', 'scheme_code', 'evaluation_status', 'eligibility_score', 'confidence_score'),
    confidence_interval: 'absent',
    ...all('clear', 'rank_in_family', 'explanation', 'explanation_hi'),
    ...all('absent', 'rule_trace', 'feature_values'),
    ...all('clear', 'evaluation_timestamp', 'valid_until'),
  }),
]

/** The table of this name. */
export function findTable(name: string, incomeBand?: string): Table {
  const found = tables(incomeBand).find(table => table.name === name)
  if (found === undefined) throw new Error(`there is no table ${name}`)
  return found
}

/** The columns that the target has. */
export const keptColumns = ({ columns }: Pick<Table, 'columns'>): string[] =>
  Object.keys(columns).filter(name => columns[name] !== 'absent')

/** A cell as Postgres prints it. */
export function expectedText(rule: Rule, cell: string | null): string | null {
  if (cell === null || rule === 'null') return null
  return typeof rule === 'object' ? rule.constant : maskText(rule, cell)
}

/** A cell as Debezium writes it. */
export function expectedJson(rule: Rule, cell: unknown): unknown {
  if (cell === null || rule === 'null') return null
  if (typeof rule === 'object') return rule.json
  return rule === 'clear' ? cell : maskText(rule, String(cell))
}

const graphemes = new Intl.Segmenter('hi', { granularity: 'grapheme' })

function maskText(rule: Exclude<Rule, object>, cell: string): string {
  const characters = Array.from(graphemes.segment(cell), ({ segment }) => segment)
  // Of four characters or fewer nothing would be hidden.
  const lastFour = characters.length > 4 ? characters.slice(-4).join('') : ''
  switch (rule) {
    case 'aadhaar':
      return `********${lastFour}`
    case 'last four':
      return '*'.repeat(characters.length - (lastFour === '' ? 0 : 4)) + lastFour
    case 'domain': {
      const [name = '', domain] = cell.split('@')
      return domain === undefined ? '****'.slice(0, cell.length) : `${'****'.slice(0, name.length)}@${domain}`
    }
    default:
      return cell
  }
}
