import { topicPattern } from '../policy/topic-pattern.ts'
import { error, note, warning } from './finding.ts'
import type { Finding, SourceFacts, SourceTable } from './ports/checks.ts'

/** What the ReselectColumns post processor reads anew where an update left a large value alone. */
export type Reselection = 'nothing' | 'placeholders' | 'all'

export interface SourceContext {
  /** The topics that policies name, as patterns. */
  readonly patterns: readonly string[]
  /** Of all source connectors; null: nobody has looked. */
  readonly reselection: Reselection | null
}

/** What stands against capturing the tables that policies name, and against trusting what is captured. */
export function sourceFindings(facts: SourceFacts, { patterns, reselection }: SourceContext): Finding[] {
  const named = facts.tables.filter(table => patterns.some(pattern => isTopicOf(pattern, table)))
  const strangers = patterns.filter(pattern => !facts.tables.some(table => isTopicOf(pattern, table)))
  return [
    ...serverFindings(facts),
    ...slotFindings(facts),
    ...strangers.map(pattern =>
      note(
        'SOURCE_NO_TABLE',
        pattern,
        'No table of this database goes to a topic of this name',
        'Right where the topic comes from another database; else compare topic.prefix and the names of schema and table.',
      ),
    ),
    ...named.flatMap(table => [
      ...publicationFindings(table, facts),
      ...identityFindings(table),
      ...columnFindings(table, reselection),
    ]),
  ]
}

/** Kafka allows less in a name than Postgres. */
const topicWord = (name: string): string => name.replace(/[^a-zA-Z0-9._-]/g, '_')

/** Debezium's own name `prefix.schema.table`, or `prefix.table` as a RegexRouter makes it. */
function isTopicOf(text: string, { schema, name }: SourceTable): boolean {
  const tails = [`.${topicWord(schema)}.${topicWord(name)}`, `.${topicWord(name)}`]
  const { isLiteral, matches } = topicPattern(text)
  const [prefix = ''] = text.split('.')
  return tails.some(tail => (isLiteral ? text.endsWith(tail) : matches(prefix + tail)))
}

function serverFindings({ walLevel, isStandby, role, slots, senders, maxSlotWalKeepMb }: SourceFacts): Finding[] {
  const found: Finding[] = []
  if (walLevel !== 'logical')
    found.push(
      error('SOURCE_WAL_LEVEL', 'server', `wal_level is ${walLevel}`, 'Set wal_level = logical and restart Postgres.'),
    )
  if (isStandby)
    found.push(
      warning(
        'SOURCE_STANDBY',
        'server',
        'The server is a standby',
        'Capture from the primary; from a standby only as of Postgres 16, and without signals.',
      ),
    )
  if (!role.mayReplicate)
    found.push(
      error(
        'SOURCE_ROLE',
        `role ${role.name}`,
        'The role may not replicate',
        'alter role ... replication (on a managed service: its own replication role).',
      ),
    )
  if (slots.list.length >= slots.max)
    found.push(
      warning(
        'SOURCE_NO_SLOT',
        'server',
        `All ${slots.max} replication slots are taken`,
        'Right where the connectors have theirs already; else raise max_replication_slots or drop what is not used.',
      ),
    )
  if (senders.used >= senders.max)
    found.push(
      warning('SOURCE_NO_SENDER', 'server', `All ${senders.max} WAL senders are taken`, 'Raise max_wal_senders.'),
    )
  if (maxSlotWalKeepMb < 0)
    found.push(
      warning(
        'SOURCE_WAL_UNBOUNDED',
        'server',
        'A slot that nobody reads keeps WAL until the disk is full',
        'Set max_slot_wal_keep_size, and an alert on pg_replication_slots.',
      ),
    )
  return found
}

function slotFindings({ slots }: SourceFacts): Finding[] {
  return slots.list.flatMap(({ name, isActive, isLogical, walStatus, keptBytes }): Finding[] => {
    const where = `slot ${name}`
    if (walStatus === 'lost')
      return [
        error(
          'SOURCE_SLOT_LOST',
          where,
          'WAL that the slot needs is gone: changes were lost',
          'Drop the slot and take a new snapshot.',
        ),
      ]
    if (walStatus === 'unreserved')
      return [
        error(
          'SOURCE_SLOT_AT_RISK',
          where,
          'The slot is about to lose WAL that it needs',
          'Start its connector now, or raise max_slot_wal_keep_size.',
        ),
      ]
    if (isActive || !isLogical) return []
    const kept = keptBytes === null ? '' : `; it keeps ${Math.round(keptBytes / 1e6)} MB of WAL`
    return [
      warning(
        'SOURCE_SLOT_INACTIVE',
        where,
        `Nobody reads the slot${kept}`,
        'Start its connector, or drop the slot if it is left over.',
      ),
    ]
  })
}

function publicationFindings(table: SourceTable, { publications }: SourceFacts): Finding[] {
  const where = placeOf(table)
  const found: Finding[] = []
  if (!table.maySelect)
    found.push(
      error(
        'SOURCE_SELECT',
        where,
        'The role may not read the table',
        'grant usage on its schema and select on it: the snapshot and ReselectColumns read rows.',
      ),
    )
  if (publications.length === 0) {
    return [
      ...found,
      warning(
        'SOURCE_NO_PUBLICATION',
        where,
        'There is no publication',
        'create publication ... for table ...; or let the connector make it (publication.autocreate.mode=filtered, needs an owner of the tables).',
      ),
    ]
  }
  const holding = publications.filter(({ name }) => table.publications.includes(name))
  if (holding.length === 0)
    found.push(
      error(
        'SOURCE_NOT_PUBLISHED',
        where,
        'No publication holds the table: its changes never arrive',
        'alter publication ... add table ...',
      ),
    )
  for (const { name, inserts, updates, deletes, viaRoot } of holding) {
    if (!(inserts && updates && deletes))
      found.push(
        warning(
          'SOURCE_PUBLISHES_PART',
          where,
          `Publication ${name} leaves out inserts, updates or deletes`,
          "alter publication ... set (publish = 'insert, update, delete').",
        ),
      )
    if (table.isPartitioned && !viaRoot)
      found.push(
        warning(
          'SOURCE_PARTITIONS',
          where,
          `Publication ${name} sends each partition under its own name, to a topic that perhaps no policy names`,
          'alter publication ... set (publish_via_partition_root = true).',
        ),
      )
  }
  return found
}

function identityFindings({ identity, keyColumns, identityColumns, publications, ...table }: SourceTable): Finding[] {
  const where = placeOf(table)
  const isPublished = publications.length > 0
  if (identity === 'nothing' || (identity === 'default' && keyColumns.length === 0)) {
    const message = isPublished
      ? 'The table has no replica identity and is published: every UPDATE and DELETE of the application fails'
      : 'The table has no replica identity: updates and deletes cannot be captured'
    const hint =
      keyColumns.length > 0
        ? 'alter table ... replica identity default.'
        : 'Give it a primary key, or alter table ... replica identity full.'
    return [error('SOURCE_NO_IDENTITY', where, message, hint)]
  }
  if (keyColumns.length === 0)
    return [
      warning(
        'SOURCE_NO_KEY',
        where,
        'The table has no primary key: its records have none either, a sink can neither update nor delete',
        'Give it a primary key, or message.key.columns at the connector.',
      ),
    ]
  const missing = keyColumns.filter(column => !identityColumns.includes(column))
  if (identity === 'index' && missing.length > 0) {
    return [
      error(
        'SOURCE_IDENTITY_KEY',
        where,
        `The replica identity lacks the key column${missing.length > 1 ? 's' : ''} ${missing.join(', ')}: deletes carry wrong keys and hit no row, or another`,
        'alter table ... replica identity default (or full).',
      ),
    ]
  }
  if (identity === 'default') {
    return [
      note(
        'SOURCE_BEFORE_FICTION',
        where,
        '`before` holds the key only, other columns as null, zero or empty',
        'Right for masking. What reads `before` (filters, conflicts) needs replica identity full.',
      ),
    ]
  }
  return []
}

/** Of these types Debezium has no placeholder: an unchanged TOAST value arrives as null. */
const toastIsNull =
  /^(?:numeric|(?:numeric(?:\(.*\))?|double precision|real)\[\]|(?:vector|halfvec|sparsevec)(?:\(.*\))?)$/
/** Too short to be moved out of the row, whatever its storage says. */
const neverToasted = /^(?:numeric\(.*\)|inet|cidr|bit(?: varying)?\(\d{1,2}\))$/

function columnFindings(table: SourceTable, reselection: Reselection | null): Finding[] {
  const { identity, columns, keyColumns } = table
  const where = placeOf(table)
  const large =
    identity === 'full'
      ? []
      : columns.filter(
          ({ name, type, canBeToasted }) => canBeToasted && !neverToasted.test(type) && !keyColumns.includes(name),
        )
  const asNull = reselection === 'all' ? [] : large.filter(({ type }) => toastIsNull.test(type))
  const asPlaceholder =
    reselection === 'all' || reselection === 'placeholders' ? [] : large.filter(({ type }) => !toastIsNull.test(type))
  const generated = columns.filter(({ isGenerated }) => isGenerated)
  const unseen = reselection === null ? ' (--connect tells whether it is there)' : ''
  const found: Finding[] = []
  if (asPlaceholder.length > 0) {
    const message = `Large values that an update leaves alone arrive as a placeholder: ${namesOf(asPlaceholder)}`
    found.push(
      warning('SOURCE_TOAST', where, message, `Use the ReselectColumns post processor at the source${unseen}.`),
    )
  }
  if (asNull.length > 0) {
    const message = `Large values that an update leaves alone arrive as null, like a real one: ${namesOf(asNull)}`
    const hint = `Use the ReselectColumns post processor at the source${unseen}, with reselect.null.values=true for these.`
    found.push(warning('SOURCE_TOAST_NULL', where, message, hint))
  }
  if (generated.length > 0) {
    const message = `Generated columns are in the snapshot and missing afterwards: ${namesOf(generated)}`
    found.push(warning('SOURCE_GENERATED', where, message, 'Leave them out with column.exclude.list.'))
  }
  return found
}

const namesOf = (columns: readonly { readonly name: string }[]): string => columns.map(({ name }) => name).join(', ')

const placeOf = ({ schema, name }: Pick<SourceTable, 'schema' | 'name'>): string => `table ${schema}.${name}`
