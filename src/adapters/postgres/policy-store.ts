import { setTimeout as sleep } from 'node:timers/promises'
import { ScrimError } from '../../errors.ts'
import type { PolicyStore, PolicyVersion, StoreChange } from '../../services/ports/policies.ts'
import type { Database, Query } from './pool.ts'
import { postgresError } from './postgres-error.ts'

/** What the policy store needs. */
export interface PolicyStoreOptions {
  readonly database: Database
  /** Waits before the watch connects again; gives up waiting at the signal. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>
}

type VersionRow = Omit<PolicyVersion, 'filesDigest'> & { readonly files_digest: string | null }

/** The triggers of the tables notify it too, without a payload. */
const CHANNEL = 'scrim_policies'
const LOOK_AGAIN = 'look again'
const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 5_000

/** The stored policy sets. A version is added, never changed or removed; the service role could not. */
export function createPolicyStore(options: PolicyStoreOptions): PolicyStore {
  const { database, pause = (ms, signal) => sleep(ms, undefined, { signal }) } = options

  async function one(text: string, values: readonly unknown[] = []): Promise<PolicyVersion | null> {
    const [row] = await database.query<VersionRow>({ text }, values)
    return row === undefined ? null : versionOf(row)
  }

  async function watch(changed: (how: StoreChange) => void, signal: AbortSignal): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS
    // What happened while nobody listened is not told again, so each new connection counts as a change. It does not count
    // as a wish to look again: a partition that was stopped would go on by a hiccup of the network.
    const heard = (payload: string | null) => {
      pauseMs = FIRST_PAUSE_MS
      changed(payload === LOOK_AGAIN ? 'look again' : 'version')
    }
    while (!signal.aborted) {
      try {
        await database.listen(CHANNEL, heard, signal)
      } catch (error) {
        const failure = postgresError(error)
        if (!failure.retriable) throw failure
        await pause(pauseMs, signal).catch(() => {})
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
      }
    }
  }

  return {
    add: (base, version) => addVersion(database.query, base, version),
    pin: (version, by) => pinVersion(database.query, version, { ...by, approver: null }),
    lookAgain: async () => {
      await database.query({ text: 'select pg_notify($1, $2)' }, [CHANNEL, LOOK_AGAIN])
    },
    pinned: async () => (await database.query<{ version: number | null }>({ text: PIN }))[0]?.version ?? null,
    watch,
    current: () =>
      one(
        `select ${ALL} from scrim_policy_version where version = coalesce((${PIN}), (select max(version) from scrim_policy_version))`,
      ),
    get: version => one(`select ${ALL} from scrim_policy_version where version = $1`, [version]),
    list: async (limit, before) => {
      const text = `select ${BRIEF} from scrim_policy_version where $2::integer is null or version < $2 order by version desc limit $1`
      return (await database.query<Omit<VersionRow, 'documents'>>({ text }, [limit, before ?? null])).map(versionOf)
    },
    lastImport: async () => {
      const [row] = await database.query<{ digest: string; version: number }>({
        text: `select files_digest as digest, version from scrim_policy_version where files_digest is not null order by version desc limit 1`,
      })
      return row ?? null
    },
  }
}

/** On its own or within a transaction, where one of the two reasons to refuse undoes the rest of it. */
export async function addVersion(
  query: Query,
  base: number,
  version: Omit<PolicyVersion, 'version' | 'at'>,
): Promise<PolicyVersion> {
  // Two writers on one base: the second finds the number taken, at whatever moment it comes. A pin that is set at the
  // same moment counts as set afterwards: it names its version, so what is added beside it does not come in force.
  const [row] = await query<{ version: number | null; at: Date; pinned: number | null }>(
    {
      text: `with pin as (select (${PIN}) as version), added as (
          insert into scrim_policy_version (version, documents, author, approver, reason, origin, patch, files_digest)
          select $1::integer + 1, $2, $3, $4, $5, $6, $7, $8
          where (select version from pin) is null
            and $1::integer = (select coalesce(max(version), 0) from scrim_policy_version)
          on conflict (version) do nothing
          returning version, at
        )
        select added.version, added.at, pin.version as pinned from pin left join added on true`,
    },
    [
      base,
      storableJson(version.documents),
      storable(version.author),
      version.approver,
      storable(version.reason),
      version.origin,
      storableJson(version.patch),
      version.filesDigest,
    ],
  )
  if (row?.pinned != null) throw new ScrimError('POLICY_PINNED', { path: `version ${row.pinned}` })
  if (row?.version == null) throw new ScrimError('POLICY_CONFLICT')
  return { ...version, version: row.version, at: row.at }
}

/** On its own or within a transaction. */
export async function pinVersion(
  query: Query,
  version: number | null,
  by: { readonly author: string; readonly approver: string | null; readonly reason: string },
): Promise<void> {
  const inserted = await query(
    {
      text: `insert into scrim_policy_pin (version, author, approver, reason)
        select $1::integer, $2, $3, $4 where $1 is null or exists (select from scrim_policy_version where version = $1)
        returning pin_id`,
    },
    [version, storable(by.author), by.approver, storable(by.reason)],
  )
  if (inserted.length === 0) throw new ScrimError('REQUEST_NOT_FOUND', { path: `version ${version}` })
}

const BRIEF = 'version, author, approver, at, reason, origin, patch, files_digest'
const ALL = `documents, ${BRIEF}`
export const PIN = 'select version from scrim_policy_pin order by pin_id desc limit 1'

function versionOf<Row extends { files_digest: string | null }>({
  files_digest,
  ...row
}: Row): Omit<Row, 'files_digest'> & { filesDigest: string | null } {
  return { ...row, filesDigest: files_digest }
}

/** Postgres takes neither NUL nor half of a surrogate pair; found here, it is told to the author and not to the operator. */
export function storable(text: string): string {
  if (text.includes('\u0000') || !text.isWellFormed()) throw unstorable()
  return text
}

/** In JSON both are escaped; a backslash before the escape makes it a harmless text. */
export function storableJson(value: unknown): string {
  const json = JSON.stringify(value)
  if (/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(json)) throw unstorable()
  return json
}

function unstorable(): ScrimError {
  return new ScrimError('POLICY_SHAPE', { path: 'a character that cannot be stored' })
}
