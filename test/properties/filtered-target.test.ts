import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compile } from '../../src/engine.ts'
import { createTransform } from '../../src/pipeline/transform.ts'
import type { NaiveRecord } from '../support/naive-engine.ts'
import { createRandom, type Random } from '../support/random.ts'
import { rawBatch, recordAt } from '../support/raw-batch.ts'
import { runs } from './runs.ts'

/**
 * What a row filter is for: whatever happens in the source table, the target holds exactly the visible rows, and nothing
 * of a row that was hidden at the time is in any record. Written as a source, a sink and a table of rows between them.
 */
interface PersonRow {
  readonly id: number
  readonly region: string | null
  readonly consent: boolean
  /** Unique: found in an output, it tells which version of which row was shown. */
  readonly note: string | null
}

const topic = 'shop.public.people'
const filters: readonly (readonly [text: string, isVisible: (row: PersonRow) => boolean])[] = [
  ["region = 'EU'", ({ region }) => region === 'EU'],
  ['region is null', ({ region }) => region === null],
  ['consent', ({ consent }) => consent],
  ['not consent', ({ consent }) => !consent],
  ['id % 2 = 0', ({ id }) => id % 2 === 0],
  ["consent or region like 'E%'", ({ consent, region }) => consent || region?.startsWith('E') === true],
  ["id > 2 and region <> 'US'", ({ id, region }) => id > 2 && region !== null && region !== 'US'],
]

type Identity = 'full' | 'default'
type Form = 'envelope' | 'flattened'

const fields = [
  { type: 'int32', optional: false, field: 'id' },
  { type: 'string', optional: true, field: 'region' },
  { type: 'boolean', optional: false, field: 'consent' },
  { type: 'string', optional: true, field: 'note' },
]
const image = (field: string): unknown => ({ type: 'struct', fields, optional: true, name: 'p.Value', field })
const envelopeSchema = {
  type: 'struct',
  fields: [image('before'), image('after'), { type: 'string', optional: false, field: 'op' }],
  optional: false,
  name: 'p.Envelope',
}
const flatSchema = {
  type: 'struct',
  fields: [...fields, { type: 'string', optional: true, field: '__op' }, { type: 'string', field: '__deleted' }],
  optional: true,
  name: 'p.Value',
}
const keySchema = { type: 'struct', fields: [fields[0]], optional: false, name: 'p.Key' }

const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

/** A table that Debezium captures. */
function createSource(identity: Identity, form: Form, withOp: boolean, random: Random) {
  const rows = new Map<number, PersonRow>()
  const records: NaiveRecord[] = []
  let notes = 0
  const put = (id: number, value: Buffer | null, headers: NaiveRecord['headers'] = []): unknown =>
    records.push({ key: bytes({ schema: keySchema, payload: { id } }), value, headers })
  const old = (row: PersonRow): PersonRow =>
    identity === 'full' ? row : { id: row.id, region: null, consent: false, note: null }
  const emit = (op: string, before: PersonRow | null, after: PersonRow | null): void => {
    const id = (after ?? before)?.id as number
    const shown = before === null || (op === 'u' && identity === 'default') ? null : old(before)
    if (form === 'envelope') put(id, bytes({ schema: envelopeSchema, payload: { before: shown, after, op } }))
    else {
      const row = { ...(after ?? shown), ...(withOp ? { __op: op } : {}), __deleted: String(op === 'd') }
      put(id, bytes({ schema: flatSchema, payload: row }))
    }
    if (op === 'd') put(id, null)
  }
  const some = (id: number): PersonRow => ({
    id,
    region: random.pick(['EU', 'US', 'EN', '', null]),
    consent: random.chance(0.5),
    note: random.chance(0.1) ? null : `note-${++notes}-`,
  })
  const act = (): void => {
    const id = random.below(6)
    const row = rows.get(id)
    if (row === undefined) {
      const made = some(id)
      rows.set(id, made)
      emit('c', null, made)
    } else if (random.chance(0.25)) {
      rows.delete(id)
      emit('d', row, null)
    } else if (random.chance(0.15) && !rows.has(id + 10)) {
      // Debezium makes a delete and a create of a changed primary key.
      const moved = { ...row, id: id + 10 }
      rows.delete(id)
      rows.set(id + 10, moved)
      emit('d', row, null)
      emit('c', null, moved)
    } else {
      const changed = { ...some(id), region: random.chance(0.4) ? row.region : some(id).region }
      rows.set(id, changed)
      emit('u', row, changed)
    }
  }
  return { rows, records, act }
}

/** A sink that upserts and deletes by key, as the JDBC sinks do. */
function createTarget() {
  const rows = new Map<number, unknown>()
  const load = ({ key, value }: NaiveRecord): void => {
    const { id } = (JSON.parse(String(key)) as { payload: { id: number } }).payload
    const payload = value === null ? null : (JSON.parse(String(value)) as { payload: Record<string, unknown> }).payload
    const after = payload !== null && 'op' in payload ? payload.after : payload
    const isDeleted = (after as { __deleted?: string } | null)?.__deleted === 'true'
    if (after === null || isDeleted) rows.delete(id)
    else {
      const { __op: _op, __deleted: _deleted, ...row } = after as Record<string, unknown>
      rows.set(id, row)
    }
  }
  return { rows, load }
}

test.each([
  ['envelope', 'full', true],
  ['envelope', 'default', true],
  ['flattened', 'full', true],
  ['flattened', 'default', false],
] as const)('the target holds exactly the visible rows: %s, replica identity %s', (form, identity, withOp) => {
  let hidden = 0
  let shown = 0
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 31 - 1 }), seed => {
      const random = createRandom(seed)
      const [filterExpr, isVisible] = random.pick(filters)
      const declared = identity === 'full' && random.chance(0.3) ? { replicaIdentity: 'full' } : {}
      const masking = fields.map(({ field }) => ({ field, maskType: 'none' }))
      const { plan } = compile([
        {
          name: 'p',
          resources: { topic },
          maskingPolicy: { maskingConditions: masking, rowFilter: { filterExpr, ...declared } },
        },
      ])
      const source = createSource(identity, form, withOp, random)
      for (let n = 0; n < 60; n++) source.act()
      const topicPlan = plan!.forTopic(topic, { compacted: false })!
      const { masked, departures } = createTransform()(rawBatch(source.records, { topic }), topicPlan)
      expect(departures.filter(({ kind }) => kind === 'reject')).toEqual([])
      const target = createTarget()
      const out = masked[0]!
      const versions = versionsIn(source.records)
      for (let n = 0; n < out.count; n++) {
        const record = recordAt(out, n)
        target.load(record)
        for (const [note] of String(record.value).matchAll(/note-\d+-/g)) {
          shown++
          expect([seed, note, isVisible(versions.get(note)!)]).toEqual([seed, note, true])
        }
      }
      const visible = [...source.rows.values()].filter(isVisible)
      hidden += source.rows.size - visible.length
      expect([seed, filterExpr, byId([...target.rows.values()])]).toEqual([seed, filterExpr, byId(visible)])
    }),
    { numRuns: runs(150) },
  )
  expect(hidden).toBeGreaterThan(50)
  expect(shown).toBeGreaterThan(500)
})

const byId = (rows: readonly unknown[]): unknown[] => rows.toSorted((a, b) => (a as PersonRow).id - (b as PersonRow).id)

/** Every version of a row that was ever in a record, by its note. */
function versionsIn(records: readonly NaiveRecord[]): Map<string, PersonRow> {
  const versions = new Map<string, PersonRow>()
  for (const { value } of records) {
    if (value === null) continue
    const { payload } = JSON.parse(String(value)) as { payload: Record<string, unknown> }
    for (const row of 'op' in payload ? [payload.before, payload.after] : [payload]) {
      const { note } = (row ?? {}) as PersonRow
      if (note != null) versions.set(note, row as PersonRow)
    }
  }
  return versions
}
