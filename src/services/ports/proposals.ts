import type { PolicyVersion } from './policies.ts'

/** What somebody wants done, as soon as another one agrees. */
export type Wanted =
  /** That the set says this: a change, a rollback or an import of files. */
  | ({ readonly action: 'set' } & Pick<PolicyVersion, 'documents' | 'origin' | 'filesDigest'>)
  /** That this version is pinned; null: that none is. */
  | { readonly action: 'pin'; readonly version: number | null }
  /** That a masked topic counts as emptied. */
  | { readonly action: 'forget keys'; readonly maskedTopic: string }

/**
 * `open` until somebody has approved, rejected or withdrawn it. An open one is `stale` as long as the set, or for a pin the
 * pin, is not what it was when the proposal was made: what the second person looked at would not be what comes of it.
 */
export type ProposalState = 'open' | 'approved' | 'rejected' | 'withdrawn' | 'stale'

export interface Proposal {
  readonly id: string
  readonly wanted: Wanted
  readonly author: string
  readonly at: Date
  readonly reason: string
  /** The latest version when it was made; 0: there was none. */
  readonly baseVersion: number
  readonly state: ProposalState
  /** Who approved, rejected or withdrew it. */
  readonly closed: { readonly by: string; readonly at: Date; readonly reason: string } | null
  /** The version that came of it, where it was approved and wanted one. */
  readonly version: number | null
}

export type ProposalEntry = Omit<Proposal, 'wanted'> & Pick<Wanted, 'action'>

export interface ProposalDraft extends Pick<Proposal, 'wanted' | 'author' | 'reason'> {
  /** What the documents were made on; null: the latest, whichever it is. */
  readonly baseVersion: number | null
}

/** Who closes a proposal, and why. */
export interface Closing {
  readonly author: string
  readonly reason: string
}

/**
 * Changes that wait for a second person. What a proposal wants is never changed. POLICY_PROPOSAL_CLOSED where one that is
 * to be closed is not open (a stale one counts as open), POLICY_APPROVAL_SAME_PERSON where its author would approve it.
 */
export interface ProposalStore {
  /** Files that lie there are read by every instance, again and again: an open one that wants the same of them comes back. */
  readonly add: (draft: ProposalDraft) => Promise<Proposal>
  /** Null where there is none of this id. */
  readonly get: (id: string) => Promise<Proposal | null>
  /** Newest first. */
  readonly list: (filter: {
    readonly state?: ProposalState
    readonly limit: number
    readonly before?: string
  }) => Promise<readonly ProposalEntry[]>
  /** The last one that wanted files of this digest on this version. */
  readonly ofFiles: (digest: string, baseVersion: number) => Promise<Proposal | null>
  readonly close: (id: string, state: 'rejected' | 'withdrawn', by: Closing) => Promise<void>
  /** Closes it and adds the version on top of the proposal's own base, both or neither; POLICY_CONFLICT and POLICY_PINNED as `PolicyStore.add`. */
  readonly approveSet: (
    id: string,
    by: Closing,
    version: Pick<PolicyVersion, 'documents' | 'patch'>,
  ) => Promise<PolicyVersion>
  /** Closes it and pins, both or neither; POLICY_PROPOSAL_STALE where set or pin changed meanwhile. */
  readonly approvePin: (id: string, by: Closing) => Promise<void>
  /** Closes it and forgets the keys, both or neither; the columns. */
  readonly approveForget: (id: string, by: Closing) => Promise<readonly string[]>
}
