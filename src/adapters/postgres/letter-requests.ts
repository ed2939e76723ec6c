import type { LetterRequest, LetterRequests, PartitionName, RequestResult } from '../../services/ports/dead-letters.ts'
import type { Database } from './pool.ts'

/** What instances ask of one another, each row done by the one that reads the partition. */
export function createLetterRequests({ database }: { readonly database: Database }): LetterRequests {
  return {
    add: async (requests, forMs) => {
      const text = `insert into scrim_letter_request (what, letter_id, topic, topic_partition, force, caller, request_id, until)
        select what, letter_id, topic, topic_partition, force, caller, request_id, now() + $2 * interval '1 millisecond'
        from jsonb_to_recordset($1::jsonb) as request (what text, letter_id bigint, topic text,
          topic_partition integer, force boolean, caller text, request_id text, position integer)
        order by position returning id::text`
      const rows = requests.map(({ letterId, partition, requestId, ...rest }, position) => ({
        ...rest,
        position,
        letter_id: letterId,
        topic_partition: partition,
        request_id: requestId,
      }))
      const ids = (await database.query<{ id: string }>({ text }, [JSON.stringify(rows), forMs])).map(({ id }) => id)
      return ids.sort((a, b) => Number(BigInt(a) - BigInt(b)))
    },
    take: async (forMs, partitions) =>
      (await database.query<LetterRequest>(takeRequest, [forMs, ...columnsOf(partitions)]))[0] ?? null,
    giveBack: async id => {
      const text = 'update scrim_letter_request set taken_until = null where id = $1 and done_at is null returning id'
      await database.query({ text }, [id])
    },
    finish: async (id, result) => {
      const text =
        'update scrim_letter_request set done_at = now(), result = $2 where id = $1 and done_at is null returning id'
      await database.query({ text }, [id, result])
    },
    results: async ids => {
      const text =
        'select id::text, result from scrim_letter_request where id = any($1::bigint[]) and done_at is not null'
      const rows = await database.query<{ id: string; result: RequestResult | null }>({ text }, [ids])
      return new Map(rows.flatMap(({ id, result }) => (result === null ? [] : [[id, result] as const])))
    },
    withdraw: async ids => {
      const text = `update scrim_letter_request set done_at = now()
        where id = any($1::bigint[]) and done_at is null and taken_until is null returning id`
      await database.query({ text }, [ids])
    },
  }
}

/** As two columns for `unnest`. */
export const columnsOf = (partitions: readonly PartitionName[]): [topics: string[], partitions: number[]] => [
  partitions.map(({ topic }) => topic),
  partitions.map(({ partition }) => partition),
]

const takeRequest = {
  name: 'scrim-take-letter-request',
  text: `
with mine as (
  select id as my_id from scrim_letter_request
  where done_at is null and until > now() and (taken_until is null or taken_until <= now())
    and (topic, topic_partition) in (select * from unnest($2::text[], $3::integer[]))
  order by id limit 1 for update skip locked
)
update scrim_letter_request set taken_until = now() + $1 * interval '1 millisecond' from mine where id = my_id
returning id::text, what, letter_id::text as "letterId", topic, topic_partition as "partition", force, caller,
  request_id as "requestId"`,
}
