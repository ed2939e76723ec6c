import { ScrimError } from '../../errors.ts'
import type { PolicyVersion } from '../../services/ports/policies.ts'
import type { Closing, Proposal, ProposalEntry, ProposalStore, Wanted } from '../../services/ports/proposals.ts'
import { addVersion, PIN, pinVersion, storable, storableJson } from './policy-store.ts'
import type { Database, Query } from './pool.ts'
import { forgetPublishedKeys } from './published-key-store.ts'

/** The proposals in Postgres. What an approval brings about and its closing are one transaction. */
export function createProposalStore({ database }: { readonly database: Database }): ProposalStore {
  async function one(
    text: string,
    values: readonly unknown[],
    query: Query = database.query,
  ): Promise<Proposal | null> {
    const [row] = await query<ProposalRow>({ text }, values)
    return row === undefined ? null : proposalOf(row)
  }

  const isId = (id: string): boolean => /^[1-9]\d{0,17}$/.test(id)
  const byId = (id: string, query?: Query) => one(`select ${ALL} from ${STANDING} where id = $1`, [id], query)

  async function needed(id: string, query?: Query): Promise<Proposal> {
    const found = isId(id) ? await byId(id, query) : null
    if (found === null) throw new ScrimError('REQUEST_NOT_FOUND', { path: 'proposal' })
    return found
  }

  /** The row is locked by its update: of two that close it the second waits, and then finds it closed. */
  async function close(query: Query, id: string, state: Proposal['state'], by: Closing): Promise<Proposal> {
    const proposal = await needed(id, query)
    if (state === 'approved' && proposal.author === by.author) throw new ScrimError('POLICY_APPROVAL_SAME_PERSON')
    const closed = await query(
      {
        text: `update scrim_policy_proposal set state = $2, closed_at = now(), closed_by = $3, closed_reason = $4
          where id = $1 and state = 'open' returning id`,
      },
      [id, state, storable(by.author), storable(by.reason)],
    )
    if (closed.length > 0) return proposal
    const { state: found } = await needed(id, query)
    throw new ScrimError('POLICY_PROPOSAL_CLOSED', { path: found })
  }

  const ofFiles = (digest: string, baseVersion: number | null): Promise<Proposal | null> =>
    one(
      `select ${ALL} from ${STANDING}
        where files_digest = $1 and base_version = coalesce($2::integer, (${LATEST})) order by id desc limit 1`,
      [digest, baseVersion],
    )

  function approve<A extends Wanted['action'], T>(
    id: string,
    by: Closing,
    action: A,
    effect: (query: Query, proposal: Proposal & { wanted: Wanted & { action: A } }) => Promise<T>,
  ): Promise<T> {
    return database.transaction(async query => {
      // What else is approved waits, so that what this one finds to be standing stays so until it is done.
      await query({ text: `select pg_advisory_xact_lock(hashtextextended('scrim_policy_proposal', 0))` })
      const proposal = await close(query, id, 'approved', by)
      if (!wants(proposal, action)) throw new ScrimError('INTERNAL', { path: 'proposal' })
      return effect(query, proposal)
    })
  }

  return {
    add: async ({ wanted, author, reason, baseVersion }) => {
      const [row] = await database.query<{ id: string }>(
        {
          text: `insert into scrim_policy_proposal
              (action, author, reason, base_version, base_pin, documents, origin, files_digest, pin_version, masked_topic)
            values ($1, $2, $3, coalesce($4::integer, (${LATEST})), (${PIN}), $5, $6, $7, $8, $9)
            on conflict (files_digest, base_version) where state = 'open' and files_digest is not null
            do nothing
            returning id`,
        },
        [wanted.action, storable(author), storable(reason), baseVersion, ...columnsOf(wanted)],
      )
      if (row !== undefined) return needed(row.id)
      const same = wanted.action === 'set' ? await ofFiles(wanted.filesDigest ?? '', baseVersion) : null
      // Closed and overtaken within a moment: the caller may try again.
      if (same === null) throw new ScrimError('POLICY_CONFLICT')
      return same
    },
    get: async id => (isId(id) ? byId(id) : null),
    list: async ({ state, limit, before }) => {
      if (before !== undefined && !isId(before)) return []
      const text = `select ${BRIEF} from ${STANDING}
        where ($1::text is null or state = $1) and ($2::bigint is null or id < $2) order by id desc limit $3`
      return (await database.query<EntryRow>({ text }, [state ?? null, before ?? null, limit])).map(entryOf)
    },
    ofFiles,
    close: async (id, state, by) => void (await close(database.query, id, state, by)),
    approveSet: (id, by, { documents, patch }) =>
      approve(id, by, 'set', async (query, { author, reason, baseVersion, wanted: { origin, filesDigest } }) => {
        const draft = { documents, patch, author, approver: by.author, reason, origin, filesDigest }
        const version: PolicyVersion = await addVersion(query, baseVersion, draft)
        await query({ text: 'update scrim_policy_proposal set version = $2 where id = $1' }, [id, version.version])
        return version
      }),
    approvePin: (id, by) =>
      approve(id, by, 'pin', async (query, { state, author, reason, wanted }) => {
        if (state === 'stale') throw new ScrimError('POLICY_PROPOSAL_STALE')
        await pinVersion(query, wanted.version, { author, approver: by.author, reason })
      }),
    approveForget: (id, by) =>
      approve(id, by, 'forget keys', (query, { author, reason, wanted }) =>
        forgetPublishedKeys(query, wanted.maskedTopic, { author, approver: by.author, reason }),
      ),
  }
}

const LATEST = 'select coalesce(max(version), 0) from scrim_policy_version'

/** The table with each open proposal that what stands now has overtaken as `stale`. */
const STANDING = `(
    select id, action, author, at, reason, base_version, documents, origin, files_digest, pin_version, masked_topic,
      closed_at, closed_by, closed_reason, version,
      case when state = 'open' and (base_version <> (${LATEST})
          or action = 'pin' and base_pin is distinct from (${PIN}))
        then 'stale' else state end as state
    from scrim_policy_proposal
  ) as proposal`

const BRIEF = `id, action, author, at, reason, base_version as "baseVersion", state, version, closed_at, closed_by, closed_reason`
const ALL = `${BRIEF}, documents, origin, files_digest as "filesDigest", pin_version, masked_topic`

interface EntryRow extends Omit<ProposalEntry, 'closed'> {
  readonly closed_at: Date | null
  readonly closed_by: string | null
  readonly closed_reason: string | null
}

interface ProposalRow extends EntryRow, Pick<PolicyVersion, 'documents' | 'origin' | 'filesDigest'> {
  readonly pin_version: number | null
  readonly masked_topic: string | null
}

function entryOf({ closed_at, closed_by, closed_reason, ...entry }: EntryRow): ProposalEntry {
  const closed = closed_at === null ? null : { by: closed_by ?? '', at: closed_at, reason: closed_reason ?? '' }
  return { ...entry, closed }
}

function proposalOf(row: ProposalRow): Proposal {
  const { documents, origin, filesDigest, pin_version, masked_topic, ...rest } = row
  const { action, ...entry } = entryOf(rest)
  const wanted: Wanted =
    action === 'set'
      ? { action, documents, origin, filesDigest }
      : action === 'pin'
        ? { action, version: pin_version }
        : { action, maskedTopic: masked_topic ?? '' }
  return { ...entry, wanted }
}

/** documents, origin, files_digest, pin_version, masked_topic. */
function columnsOf(wanted: Wanted): readonly unknown[] {
  if (wanted.action === 'set') return [storableJson(wanted.documents), wanted.origin, wanted.filesDigest, null, null]
  if (wanted.action === 'pin') return [null, null, null, wanted.version, null]
  return [null, null, null, null, wanted.maskedTopic]
}

const wants = <A extends Wanted['action']>(
  proposal: Proposal,
  action: A,
): proposal is Proposal & { wanted: Wanted & { action: A } } => proposal.wanted.action === action
