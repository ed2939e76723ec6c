import type { PolicyDocument } from '../../policy/document.ts'
import type { Problem } from '../../errors.ts'

export interface PolicyVersion {
  readonly version: number
  readonly documents: readonly PolicyDocument[]
  readonly author: string
  /** Who approved what the author proposed; null where nobody had to. */
  readonly approver: string | null
  readonly at: Date
  readonly reason: string
  readonly origin: 'files' | 'rest' | 'ranger'
  /** JSON Patch from the version before, over the object of documents by name. */
  readonly patch: readonly unknown[]
  /** SHA-256 of the imported files, where they are the origin. */
  readonly filesDigest: string | null
}

/** Stored versions are the truth. */
export interface PolicyStore {
  /** The pinned version, else the latest; null in an empty store. */
  readonly current: () => Promise<PolicyVersion | null>
  readonly get: (version: number) => Promise<PolicyVersion | null>
  readonly list: (limit: number, before?: number) => Promise<readonly Omit<PolicyVersion, 'documents'>[]>
  /** Adds a version on top of `base` (0: the empty store); POLICY_CONFLICT where the latest is another, POLICY_PINNED where one is pinned. */
  readonly add: (base: number, version: Omit<PolicyVersion, 'version' | 'at'>) => Promise<PolicyVersion>
  /** The digest of the files that were imported last, and the version that made. */
  readonly lastImport: () => Promise<{ readonly digest: string; readonly version: number } | null>
  /** Holds the set at one stored version, whatever is added; null: the latest counts again. REQUEST_NOT_FOUND where there is no such version. */
  readonly pin: (version: number | null, by: { readonly author: string; readonly reason: string }) => Promise<void>
  readonly pinned: () => Promise<number | null>
  /** Lets every instance that watches look again at what it holds, though no version is new. */
  readonly lookAgain: () => Promise<void>
  /** Calls back when any instance has added or pinned a version, or has called `lookAgain`; until the signal. */
  readonly watch: (changed: (how: StoreChange) => void, signal: AbortSignal) => Promise<void>
}

/** `version`: another one may count now. */
export type StoreChange = 'version' | 'look again'

/** The policy files as they lie there; what they say is read by the service. */
export interface PolicyFileSet {
  /** SHA-256 over names and contents. */
  readonly digest: string
  readonly files: readonly { readonly name: string; readonly text: string }[]
  /** Files that cannot be taken at all: too large, unreadable, not UTF-8. */
  readonly problems: readonly Problem[]
}

export interface PolicyFiles {
  readonly read: () => Promise<PolicyFileSet>
  /** Calls back within about a second of a change; until the signal. */
  readonly watch: (changed: () => void, signal: AbortSignal) => Promise<void>
}

export interface CachedPolicies extends PolicyVersion {
  /** Check values of the keys it was in force with, by id; left out by older releases. */
  readonly keyChecks?: Readonly<Record<string, string | null>>
}

/** The last set that was in force, for a start while the store is away. */
export interface PolicyCache {
  /** Null where nothing usable is there. */
  readonly load: () => Promise<CachedPolicies | null>
  readonly save: (policies: CachedPolicies) => Promise<void>
}

/** How a key column has been published to a masked topic. */
export interface PublishedKey {
  /** The raw topic. */
  readonly topic: string
  readonly maskedTopic: string
  readonly column: string
  /** The mask with its parameters. */
  readonly mask: string
  readonly keyId: string | null
  /** Tells the key from another; never the key. */
  readonly keyCheck: string | null
}

/** What was published first is kept until it is forgotten; a forgotten row stays as the trace of who did that. */
export interface PublishedKeyStore {
  /**
   * The columns of one key, as one. Changes nothing where a column of the masked topic is there already; nor where all are
   * as they were forgotten last, until something else has been learnt: who forgot them is about to change them.
   */
  readonly remember: (keys: readonly PublishedKey[]) => Promise<void>
  readonly all: () => Promise<readonly PublishedKey[]>
  /** The raw topics of which something was ever learnt; those that were forgotten too. */
  readonly topics: () => Promise<readonly string[]>
  /** The columns that were forgotten, by name. */
  readonly forget: (
    maskedTopic: string,
    by: { readonly author: string; readonly reason: string },
  ) => Promise<readonly string[]>
}

export interface SeenSchema {
  readonly topic: string
  readonly part: 'key' | 'value'
  readonly bytes: Buffer
  /** SHA-256 of the bytes. */
  readonly digest: string
  readonly firstSeenAt: Date
  readonly lastSeenAt: Date
}

/**
 * The schema blocks of the raw topics, kept so that policies can be checked against them after a restart.
 * Beware: defaults, comments and enum lists of a block may hold what a policy hides; they have to be cut out before.
 */
export interface SchemaStore {
  /** Resolves when it is stored; the same bytes again only move `lastSeenAt`. */
  readonly remember: (topic: string, part: 'key' | 'value', bytes: Buffer) => Promise<void>
  /** The block last seen of each topic and part. */
  readonly all: () => Promise<readonly SeenSchema[]>
}
