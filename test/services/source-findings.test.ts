import { expect, test } from 'vitest'
import { type Reselection, sourceFindings } from '../../src/services/source-findings.ts'
import type { SourceFacts, SourceTable } from '../../src/services/ports/checks.ts'

const table = (rest: Partial<SourceTable> = {}): SourceTable => ({
  schema: 'public',
  name: 'people',
  isPartitioned: false,
  identity: 'full',
  keyColumns: ['id'],
  identityColumns: [],
  columns: [{ name: 'id', type: 'bigint', canBeToasted: false, isGenerated: false }],
  maySelect: true,
  publications: ['p'],
  ...rest,
})
const column = (name: string, type: string, isGenerated = false) => ({ name, type, canBeToasted: true, isGenerated })

const facts = (rest: Partial<SourceFacts> = {}, tables: readonly SourceTable[] = [table()]): SourceFacts => ({
  walLevel: 'logical',
  isStandby: false,
  role: { name: 'debezium', mayReplicate: true },
  slots: { max: 10, list: [] },
  senders: { max: 10, used: 1 },
  maxSlotWalKeepMb: 1024,
  publications: [{ name: 'p', inserts: true, updates: true, deletes: true, viaRoot: false }],
  tables,
  ...rest,
})
const told = (
  given: SourceFacts,
  { patterns = ['shop.public.people'], reselection = null as Reselection | null } = {},
) =>
  sourceFindings(given, { patterns, reselection }).map(({ severity, code, where }) => `${severity} ${code} at ${where}`)

test('nothing stands against a source that is set up well', () => expect(told(facts())).toEqual([]))

const slot = { name: 's', isActive: false, isLogical: true, walStatus: 'reserved', keptBytes: 5e6 }
const servers: [name: string, rest: Partial<SourceFacts>, finding: string][] = [
  ['wal_level', { walLevel: 'replica' }, 'error SOURCE_WAL_LEVEL at server'],
  ['a standby', { isStandby: true }, 'warning SOURCE_STANDBY at server'],
  ['the role', { role: { name: 'r', mayReplicate: false } }, 'error SOURCE_ROLE at role r'],
  ['slots', { slots: { max: 1, list: [{ ...slot, isActive: true }] } }, 'warning SOURCE_NO_SLOT at server'],
  ['senders', { senders: { max: 2, used: 2 } }, 'warning SOURCE_NO_SENDER at server'],
  ['WAL without bound', { maxSlotWalKeepMb: -1 }, 'warning SOURCE_WAL_UNBOUNDED at server'],
  ['a slot that nobody reads', { slots: { max: 10, list: [slot] } }, 'warning SOURCE_SLOT_INACTIVE at slot s'],
  [
    'a slot at risk',
    { slots: { max: 10, list: [{ ...slot, walStatus: 'unreserved' }] } },
    'error SOURCE_SLOT_AT_RISK at slot s',
  ],
  ['a lost slot', { slots: { max: 10, list: [{ ...slot, walStatus: 'lost' }] } }, 'error SOURCE_SLOT_LOST at slot s'],
  ['no publication', { publications: [] }, 'warning SOURCE_NO_PUBLICATION at table public.people'],
  [
    'a publication of something else',
    { publications: [{ name: 'q', inserts: true, updates: true, deletes: true, viaRoot: false }] },
    'error SOURCE_NOT_PUBLISHED at table public.people',
  ],
  [
    'a publication of inserts only',
    { publications: [{ name: 'p', inserts: true, updates: false, deletes: true, viaRoot: false }] },
    'warning SOURCE_PUBLISHES_PART at table public.people',
  ],
]
test.each(servers)('%s', (_name, rest, finding) => expect(told(facts(rest))).toEqual([finding]))

const tables: [name: string, rest: Partial<SourceTable>, findings: string[]][] = [
  ['that the role may not read', { maySelect: false }, ['error SOURCE_SELECT']],
  ['in partitions', { isPartitioned: true }, ['warning SOURCE_PARTITIONS']],
  ['with identity default', { identity: 'default' }, ['note SOURCE_BEFORE_FICTION']],
  ['with identity default and no key', { identity: 'default', keyColumns: [] }, ['error SOURCE_NO_IDENTITY']],
  ['with identity nothing', { identity: 'nothing' }, ['error SOURCE_NO_IDENTITY']],
  ['with identity full and no key', { keyColumns: [] }, ['warning SOURCE_NO_KEY']],
  ['with an index of other columns', { identity: 'index', identityColumns: ['email'] }, ['error SOURCE_IDENTITY_KEY']],
  ['with an index that has the key', { identity: 'index', identityColumns: ['email', 'id'] }, []],
  ['with text under identity full', { columns: [column('bio', 'text')] }, []],
  [
    'with text',
    { identity: 'default', columns: [column('bio', 'text')] },
    ['note SOURCE_BEFORE_FICTION', 'warning SOURCE_TOAST'],
  ],
  [
    'with text in the key only',
    { identity: 'default', keyColumns: ['bio'], columns: [column('bio', 'text')] },
    ['note SOURCE_BEFORE_FICTION'],
  ],
  [
    'with numbers of any length',
    {
      identity: 'default',
      columns: [column('n', 'numeric(12,2)'), column('u', 'numeric'), column('a', 'double precision[]')],
    },
    ['note SOURCE_BEFORE_FICTION', 'warning SOURCE_TOAST_NULL'],
  ],
  ['with a generated column', { columns: [column('g', 'text', true)] }, ['warning SOURCE_GENERATED']],
]
test.each(tables)('a table %s', (_name, rest, findings) =>
  expect(told(facts({}, [table(rest)]))).toEqual(findings.map(finding => `${finding} at table public.people`)),
)

const cured: [reselection: Reselection | null, codes: string[]][] = [
  [null, ['SOURCE_TOAST', 'SOURCE_TOAST_NULL']],
  ['nothing', ['SOURCE_TOAST', 'SOURCE_TOAST_NULL']],
  ['placeholders', ['SOURCE_TOAST_NULL']],
  ['all', []],
]
test.each(cured)('where the sources re-select %s', (reselection, codes) => {
  const given = facts({}, [table({ identity: 'default', columns: [column('bio', 'text'), column('marks', 'real[]')] })])
  expect(told(given, { reselection })).toEqual(
    ['note SOURCE_BEFORE_FICTION', ...codes.map(code => `warning ${code}`)].map(
      found => `${found} at table public.people`,
    ),
  )
})

const names: [pattern: string, isThere: boolean][] = [
  ['shop.public.people', true],
  ['shop.people', true],
  ['a.b.public.people', true],
  ['shop.public.*', true],
  ['shop.*', true],
  ['*', true],
  ['shop.public.other', false],
  ['shop.private.*', false],
  ['people', false],
]
test.each(names)('topic %s stands for the table: %s', (pattern, isThere) => {
  const given = facts({}, [table({ maySelect: false })])
  expect(told(given, { patterns: [pattern] })).toEqual([
    isThere ? 'error SOURCE_SELECT at table public.people' : `note SOURCE_NO_TABLE at ${pattern}`,
  ])
})

test('tables that no policy names are left alone, and names are compared as Kafka writes them', () => {
  expect(told(facts({}, [table(), table({ name: 'other', maySelect: false })]))).toEqual([])
  expect(
    told(facts({}, [table({ name: 'Person Registry', maySelect: false })]), {
      patterns: ['shop.public.Person_Registry'],
    }),
  ).toEqual(['error SOURCE_SELECT at table public.Person Registry'])
})
