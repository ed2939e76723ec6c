import { ScrimError } from '../../errors.ts'
import type {
  DeadLetterEntry,
  DeadLetterIndex,
  DeadLetterRegister,
  DeadLetterState,
  NewDeadLetter,
  ParkedKey,
  ParkedKeys,
  PartitionName,
  QuarantineIndex,
} from '../../services/ports/dead-letters.ts'
import { columnsOf } from './letter-requests.ts'
import type { Database } from './pool.ts'

/** The list of dead letters: places, codes and states; never what is in them. */
export function createDeadLetterIndex({
  database,
}: {
  readonly database: Database
}): DeadLetterIndex & DeadLetterRegister & ParkedKeys & QuarantineIndex {
  return {
    add: async (letters, { topic, partition, number }) => {
      for (let from = 0; from < letters.length; from += MAX_LETTERS) {
        const some = JSON.stringify(distinct(letters.slice(from, from + MAX_LETTERS)).map(letterJson))
        const held = await database.query(insertLetters, [some, topic, partition, number])
        if (held.length === 0) return false
      }
      return true
    },
    list: ({ state, topic, limit, after }) => {
      if (after !== undefined && !isId(after)) throw new ScrimError('REQUEST_INVALID', { path: 'after' })
      const text = `select ${columns} from scrim_dead_letter
        where ($1::text is null or state = $1) and ($2::text is null or topic = $2) and id > $3 order by scrim_dead_letter.id limit $4`
      return database.query<DeadLetterEntry>({ text }, [state ?? null, topic ?? null, after ?? 0, limit])
    },
    get: async id => {
      if (!isId(id)) return null
      return (
        (
          await database.query<DeadLetterEntry>({ text: `select ${columns} from scrim_dead_letter where id = $1` }, [
            id,
          ])
        )[0] ?? null
      )
    },
    claim: (now, until, limit, partitions) =>
      database.query<DeadLetterEntry>(claimLetters, [now, until, limit, ...columnsOf(partitions)]),
    update: async (id, { state, attempts, nextAttemptAt }) => {
      const text = `with known as (select id from scrim_dead_letter where id = $1), changed as (
          update scrim_dead_letter set state = $2, attempts = $3, next_attempt_at = $4
          where id = $1 and state <> 'quarantined' and (state <> 'replayed' or $2 = 'replayed'))
        select id from known`
      const known = isId(id) ? await database.query({ text }, [id, state, attempts, nextAttemptAt]) : []
      if (known.length === 0) throw new ScrimError('REQUEST_NOT_FOUND', { path: 'dead letter' })
    },
    counts: async () => {
      const text = 'select state, count(*)::integer as letters from scrim_dead_letter group by state'
      const rows = await database.query<{ state: DeadLetterState; letters: number }>({ text })
      return {
        open: 0,
        retrying: 0,
        review: 0,
        quarantined: 0,
        replayed: 0,
        ...Object.fromEntries(rows.map(({ state, letters }) => [state, letters])),
      }
    },
    takeOver: async ({ topic, partition }) => {
      const claimed = `insert into scrim_partition_claim as known (topic, topic_partition, number) values ($1, $2, 1)
        on conflict (topic, topic_partition) do update set number = known.number + 1 returning number::text`
      const [claim] = await database.query<{ number: string }>({ text: claimed }, [topic, partition])
      // Only now: what an earlier reader has listed before the claim is there, and nothing comes any more.
      const text = `select view, record_id as "recordId", min(topic_offset) as "firstOffset", max(topic_offset) as "lastOffset",
          count(*)::integer as records, parked_by as "parkedBy"
        from scrim_dead_letter, unnest(views) as view
        where topic = $1 and topic_partition = $2 and state = 'quarantined' group by view, record_id, parked_by`
      type Row = Omit<ParkedKey, 'firstOffset' | 'lastOffset'> & { firstOffset: string; lastOffset: string }
      const rows = await database.query<Row>({ text }, [topic, partition])
      const keys = rows.map(row => ({
        ...row,
        firstOffset: BigInt(row.firstOffset),
        lastOffset: BigInt(row.lastOffset),
      }))
      return { claim: { topic, partition, number: claim?.number ?? '' }, keys }
    },
    parked: ({ topic, partition }, after, limit) => {
      // All entries of one record belong together.
      const text = `select ${columns} from (
          select * from scrim_dead_letter where topic = $1 and topic_partition = $2 and state = 'quarantined' and topic_offset > $3
          order by topic_offset fetch first $4 rows with ties
        ) as letter order by topic_offset, "timestamp", letter.id`
      return database.query<DeadLetterEntry>({ text }, [topic, partition, String(after), limit])
    },
    isParked: async ({ topic, partition, offset }, recordId) => {
      const text = `select from scrim_dead_letter where topic = $1 and topic_partition = $2 and state = 'quarantined'
        and topic_offset <= $3 and record_id is not distinct from $4 limit 1`
      return (await database.query({ text }, [topic, partition, String(offset), recordId])).length > 0
    },
    released: async ids => {
      const text = `update scrim_dead_letter set state = 'replayed', attempts = attempts + 1, next_attempt_at = null
        where id = any($1::bigint[]) and state = 'quarantined' returning id`
      await database.query({ text }, [ids])
    },
    expelled: async (id, { code, path, nextAttemptAt }) => {
      const text = `update scrim_dead_letter set state = case when $4::timestamptz is null then 'open' else 'retrying' end,
          code = $2, path = $3, next_attempt_at = $4, attempts = 0
        where id = $1 and state = 'quarantined' returning id`
      await database.query({ text }, [id, code, storablePath(path), nextAttemptAt])
    },
    withParked: topic => {
      const text = `select distinct topic, topic_partition as "partition" from scrim_dead_letter
        where state = 'quarantined' and ($1::text is null or topic = $1) order by topic, topic_partition`
      return database.query<PartitionName>({ text }, [topic])
    },
  }
}

const MAX_LETTERS = 1_000

// Beware: the id is a text here, so an `order by id` would sort 10 before 9.
const columns = `id::text, topic, topic_partition as "partition", topic_offset as "offset", "timestamp", views, code, path,
  policy_version as "policyVersion", record_id as "recordId", key_id as "keyId", bucket, state, attempts, next_attempt_at as "nextAttemptAt", at,
  letter_partition as "letterPartition", letter_offset as "letterOffset", letter_bytes as "letterBytes"`

/**
 * Listed once, however often it is written. A letter that was replayed and comes again has failed again: it opens anew,
 * with the new place; one that now has to wait in quarantine goes there. The claim is held to the end, so that a later
 * one waits for this, and sees it.
 */
const insertLetters = {
  name: 'scrim-dead-letters',
  text: `
with fence as (
  select number from scrim_partition_claim where topic = $2 and topic_partition = $3 and number = $4::bigint for share
), added as (
insert into scrim_dead_letter as known (topic, topic_partition, topic_offset, "timestamp", views, code, path, policy_version,
  record_id, parked_by, key_id, bucket, state, next_attempt_at, letter_partition, letter_offset, letter_bytes)
select topic, topic_partition, topic_offset, "timestamp", views, code, path, policy_version, record_id, parked_by, key_id, bucket,
  case when parked_by is not null then 'quarantined' when next_attempt_at is null then 'open' else 'retrying' end,
  next_attempt_at, letter_partition, letter_offset, letter_bytes
from fence, jsonb_to_recordset($1::jsonb) as letter (topic text, topic_partition integer, topic_offset bigint, "timestamp" timestamptz,
  views text[], code text, path text, policy_version integer, record_id uuid, parked_by text, key_id text, bucket text,
  next_attempt_at timestamptz, letter_partition integer, letter_offset bigint, letter_bytes integer)
order by topic, topic_partition, topic_offset, views
on conflict (topic, topic_partition, topic_offset, views, "timestamp") do update
set state = excluded.state, attempts = 0, next_attempt_at = excluded.next_attempt_at, code = excluded.code, path = excluded.path,
  policy_version = excluded.policy_version, record_id = excluded.record_id, parked_by = excluded.parked_by,
  key_id = excluded.key_id, bucket = excluded.bucket,
  letter_partition = excluded.letter_partition, letter_offset = excluded.letter_offset, letter_bytes = excluded.letter_bytes
where known.state = 'replayed' or (excluded.state = 'quarantined' and known.state <> 'quarantined')
returning id
)
select number, (select count(*) from added) from fence`,
}

/** What another instance claims at this moment is skipped, and looked at again once it has the new time. */
const claimLetters = {
  name: 'scrim-claim-dead-letters',
  text: `
with due as (
  select id as due_id, next_attempt_at as due_at from scrim_dead_letter
  where next_attempt_at <= $1 and state in ('open', 'retrying')
    and (topic, topic_partition) in (select * from unnest($4::text[], $5::integer[])) order by next_attempt_at, id limit $3 for update skip locked
), claimed as (
  update scrim_dead_letter set next_attempt_at = $2 from due where id = due_id returning *
)
select ${columns} from claimed order by due_at, due_id`,
}

function letterJson(letter: NewDeadLetter): unknown {
  return {
    topic: letter.topic,
    topic_partition: letter.partition,
    topic_offset: letter.offset,
    timestamp: storableDate(letter.timestamp),
    views: letter.views,
    code: letter.code,
    path: storablePath(letter.path),
    policy_version: letter.policyVersion,
    record_id: letter.recordId,
    parked_by: letter.parkedBy,
    key_id: letter.keyId,
    bucket: letter.bucket,
    next_attempt_at: letter.nextAttemptAt,
    letter_partition: letter.letterPartition,
    letter_offset: letter.letterOffset,
    letter_bytes: letter.letterBytes,
  }
}

const storablePath = (path: string): string => path.replaceAll('\u0000', '\ufffd').toWellFormed()

/** One letter each: Postgres refuses to write a row twice in one statement. Views are sorted, as they are the identity. */
function distinct(letters: readonly NewDeadLetter[]): NewDeadLetter[] {
  const sorted = letters.map(letter => ({ ...letter, views: [...letter.views].sort() }))
  return [
    ...new Map(
      sorted.map(letter => [
        JSON.stringify([letter.topic, letter.partition, letter.offset, letter.timestamp, letter.views]),
        letter,
      ]),
    ).values(),
  ]
}

/** A record may claim any time; one that Postgres cannot read must not keep its letter out. */
function storableDate(at: Date): string {
  const year = at.getUTCFullYear()
  return year >= 1 && year <= 9999
    ? at.toISOString()
    : new Date(Number.isNaN(year) || year < 1 ? -1 : LAST_MS).toISOString()
}

const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

function isId(id: string): boolean {
  return /^\d{1,18}$/.test(id)
}
