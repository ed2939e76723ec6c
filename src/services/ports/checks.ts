import type { FindingCode } from '../finding-codes.ts'

/** One thing that `scrim check` found; made of names and numbers only. */
export interface Finding {
  readonly severity: 'error' | 'warning' | 'note'
  readonly code: FindingCode
  /** Policy, topic, table or connector, and the place in it. */
  readonly where: string
  readonly message: string
  readonly hint: string
}

/** A connector's settings as Connect gives them. Beware: some are passwords; findings name settings, never what they hold. */
export interface ConnectorConfig {
  readonly name: string
  readonly config: ReadonlyMap<string, string>
}

export interface ConnectorConfigs {
  readonly configs: () => Promise<readonly ConnectorConfig[]>
}

/** What the catalogue of a source database says that Debezium and we depend on. */
export interface SourceFacts {
  readonly walLevel: string
  readonly isStandby: boolean
  readonly role: { readonly name: string; readonly mayReplicate: boolean }
  readonly slots: { readonly max: number; readonly list: readonly SlotFacts[] }
  readonly senders: { readonly max: number; readonly used: number }
  /** Megabytes; -1: a slot may keep as much as the disk takes. */
  readonly maxSlotWalKeepMb: number
  readonly publications: readonly PublicationFacts[]
  readonly tables: readonly SourceTable[]
}

export interface SlotFacts {
  readonly name: string
  readonly isActive: boolean
  readonly isLogical: boolean
  /** reserved, extended, unreserved or lost. */
  readonly walStatus: string | null
  readonly keptBytes: number | null
}

export interface PublicationFacts {
  readonly name: string
  readonly inserts: boolean
  readonly updates: boolean
  readonly deletes: boolean
  readonly viaRoot: boolean
}

export interface SourceTable {
  readonly schema: string
  readonly name: string
  readonly isPartitioned: boolean
  readonly identity: 'default' | 'full' | 'nothing' | 'index'
  readonly keyColumns: readonly string[]
  /** Of the index that the identity uses; empty where it uses none. */
  readonly identityColumns: readonly string[]
  readonly columns: readonly {
    readonly name: string
    readonly type: string
    readonly canBeToasted: boolean
    readonly isGenerated: boolean
  }[]
  readonly maySelect: boolean
  /** Names of the publications that hold it, itself or as a partition. */
  readonly publications: readonly string[]
}
