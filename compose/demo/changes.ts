import type pg from 'pg'
import { readRows } from './compare-rows.ts'
import { findTable, type Table } from './expected.ts'

/** One change of the source, and where to see it. */
export interface Change {
  /** What happens, in words. */
  readonly title: string
  readonly table: Table
  /** The row to look at in source and target; it is gone from both where the change deletes it. */
  readonly key: readonly string[]
  /** A key that must be gone afterwards: the change has given the row another one. */
  readonly oldKey?: readonly string[]
  /** The columns that are worth printing. */
  readonly shows: readonly string[]
  readonly run: (source: pg.Client) => Promise<unknown>
}

/** Never the same twice, so that every change is one: digits of a number that counts up. */
const digits = (n: number, length: number): string => String((n * 7919 + 104729) % 10 ** length).padStart(length, '0')

/** The changes of round `n`: inserts, updates, TOASTed values left alone, key changes of one and two columns, deletes. */
export function changes(n: number): readonly Change[] {
  const golden = findTable('golden_records')
  const profile = findTable('profile_360')
  const scheme = findTable('scheme_master')
  const snapshot = findTable('eligibility_snapshots')
  const id = String(5000 + 2 * n)
  const movedId = String(5001 + 2 * n)
  const family = `FAM-DEM-${digits(n, 6)}`
  const mobile = `+91 90000 ${digits(n, 5)}`
  return [
    {
      title: 'insert: a new citizen',
      table: golden,
      key: [id],
      shows: ['full_name', 'aadhaar_number', 'mobile_number', 'email', 'address_line1'],
      run: source =>
        source.query(
          `insert into golden_records (golden_record_id, family_id, jan_aadhaar, aadhaar_number, full_name, full_name_hi, mobile_number, email,
             address_line1, city, district, district_hi, bank_name, bank_account_number, bank_ifsc, annual_income)
           values ($1, $2, $3, $4, 'Kamla Meena', 'कमला मीणा', $5, $6, $7, 'Sikar', 'Sikar', 'सीकर', 'State Bank of India', $8, 'SBIN0031400', $9)`,
          [
            id,
            family,
            `50${digits(n, 8)}`,
            `2000${digits(n, 8)}`,
            mobile,
            `kamla.${n}@example.in`,
            `House ${digits(n, 4)}, Subhash Chowk`,
            `00009000${digits(n, 7)}`,
            41_000.5 + n,
          ],
        ),
    },
    {
      title: 'update: an income is corrected',
      table: golden,
      key: ['1001'],
      shows: ['annual_income', 'aadhaar_number', 'updated_by'],
      run: source =>
        source.query('update golden_records set annual_income = $1, updated_by = $2 where golden_record_id = 1001', [
          245_001.25 + n,
          `operator ${n + 1}`,
        ]),
    },
    {
      title: 'update: a profile, its long text untouched',
      table: profile,
      key: ['a1b2c3d4-0000-4000-8000-000000001001'],
      shows: ['household_size', 'inferred_income_band', 'contact_mobile', 'summary_hi'],
      run: source =>
        source.query(
          `update profile_360 set household_size = $1, contact_mobile = $2, inferred_income_band = $3
            where profile_id = 'a1b2c3d4-0000-4000-8000-000000001001'`,
          [5 + (n % 5), `+91 90000 ${digits(n + 500, 5)}`, n % 2 === 0 ? '5-10 LPA' : '2.5-5 LPA'],
        ),
    },
    {
      title: 'insert: a hint of eligibility',
      table: snapshot,
      key: [family, 'PALANHAR'],
      shows: ['evaluation_status', 'eligibility_score', 'explanation'],
      run: source =>
        source.query(
          `insert into eligibility.eligibility_snapshots (family_id, scheme_code, evaluation_status, eligibility_score, explanation, rule_trace)
           values ($1, 'PALANHAR', 'POSSIBLE_ELIGIBLE', 0.5, 'Papers are missing.', '[{"rule":"rule-7741"}]')`,
          [family],
        ),
    },
    {
      title: 'key change, of two columns: the hint was for another scheme',
      table: snapshot,
      key: [family, 'NREGA'],
      oldKey: [family, 'PALANHAR'],
      shows: ['scheme_code', 'evaluation_status'],
      run: source =>
        source.query(`update eligibility.eligibility_snapshots set scheme_code = 'NREGA' where family_id = $1`, [
          family,
        ]),
    },
    {
      title: 'update: a scheme',
      table: scheme,
      key: ['NREGA'],
      shows: ['scheme_name_hi', 'benefit_amount'],
      run: source =>
        source.query(`update scheme_master set benefit_amount = $1 where scheme_code = 'NREGA'`, [266 + (n % 100)]),
    },
    {
      title: 'key change: two records were one person',
      table: golden,
      key: [movedId],
      oldKey: [id],
      shows: ['full_name', 'aadhaar_number', 'bank_account_number'],
      run: source =>
        source.query('update golden_records set golden_record_id = $2 where golden_record_id = $1', [id, movedId]),
    },
    {
      title: 'delete: the citizen moved away',
      table: golden,
      key: [movedId],
      shows: [],
      run: source => source.query('delete from golden_records where golden_record_id = $1', [movedId]),
    },
    {
      title: 'delete: and the hint',
      table: snapshot,
      key: [family, 'NREGA'],
      shows: [],
      run: source => source.query('delete from eligibility.eligibility_snapshots where family_id = $1', [family]),
    },
  ]
}

/** The row of a key, with these columns; undefined where there is none. */
export async function readKey(
  client: pg.Client,
  from: string,
  table: Table,
  key: readonly string[],
  columns: readonly string[],
) {
  const where = table.key.map((name, i) => `${name}::text = $${i + 1}`).join(' and ')
  const [row] = await readRows(client, from, columns, where, [...key])
  return row
}
