import type { KeyObject } from 'node:crypto'
import type { ErrorCode } from '../errors.ts'
import type { ToastMarkers } from './decode/toast.ts'
import type { Dialect } from './expression/dialect.ts'
import type { Expression } from './expression/expression.ts'
import type { Identity } from './expression/scope.ts'
import type { Tally } from './mask/inside/inside-edits.ts'
import type { Path } from './mask/inside/path.ts'
import type { MaskType } from './mask/mask-type.ts'
import type { SchemaCache } from './project/schema-cache.ts'
import type { SchemalessLayouts } from './project/schemaless.ts'
import type { TableSchema } from './schema.ts'

/** What the stages need, compiled from the policies. Swapped whole between batches; the caches inside die with it. */
export interface Plan {
  /** The stored version this plan was compiled from; 0 where there is no store. */
  readonly version: number
  /** Epoch milliseconds from which on time alone may have changed what the policies say; null: never. */
  readonly nextChange: number | null
  /** The plan of a topic, made at first sight of the name and kept; null where no policy names it. */
  readonly forTopic: (topic: string, facts: TopicFacts) => TopicPlan | null
  /** Does a policy name this topic? */
  readonly names: (topic: string) => boolean
  /** Topics and patterns of the policies that none of these topics fits. */
  readonly unmatched: (topics: readonly string[]) => readonly string[]
  /** The plans of topics that were asked for so far; their caches tell which schemas were seen. */
  readonly made: () => readonly TopicPlan[]
  /** Topics of which nothing may go out although policies name them: `forTopic` gives null. Left out: there are none. */
  readonly blocks?: TopicBlocks
}

/** Why nothing of some topics may go out. */
export interface TopicBlock {
  readonly code: ErrorCode
  readonly policy: string
  readonly path: string
  /** Names and patterns; `all` where it cannot be told which. */
  readonly topics: readonly string[] | 'all'
}

export interface TopicBlocks {
  readonly list: readonly TopicBlock[]
  readonly of: (topic: string) => TopicBlock | null
}

/** What the broker knows of a topic and the plan depends on. */
export interface TopicFacts {
  readonly compacted: boolean
}

export interface TopicPlan {
  readonly topic: string
  readonly views: readonly ViewPlan[]
}

/** One masked output of a topic. */
export interface ViewPlan {
  readonly view: string
  /** The raw topic. */
  readonly topic: string
  readonly maskedTopic: string
  /** The name looks like Debezium's signalling table, so each record is looked at before it is taken for a row. */
  readonly isSignalTopic: boolean
  readonly rules: ColumnRules
  readonly settings: PlanSettings
  readonly toastMarkers: ToastMarkers
  readonly keys: KeyRing
  readonly valueSchemas: SchemaCache
  readonly keySchemas: SchemaCache
  readonly schemaless: SchemalessLayouts
  /** May a header of this name go out? */
  readonly mayPass: (headerName: string) => boolean
  /** How often each rule on a part of a named column found nothing in a value, since it was asked last. */
  readonly takeUnmatched: () => readonly UnmatchedRule[]
  /** Columns that a rule rewrites or removes, for the audit row. */
  readonly maskedColumns: readonly string[]
  /** What audit events in Ranger's form say of it. */
  readonly audited: AuditedView
}

export interface AuditedView {
  /** The user of the view's profile, else the view. */
  readonly user: string
  /** Only those whose service and policy want an audit (see `isAudited`). */
  readonly rules: readonly AuditedRule[]
}

/** What one policy does in a view. */
export interface AuditedRule {
  /** The service that the policy belongs to. */
  readonly service: string
  /** The id of its service-def; 0: it has none. */
  readonly serviceDefId: number
  /** -1: the policy has no number. */
  readonly policyId: number
  readonly policyVersion: number | null
  /** Name of a mask type; `ROW_FILTER` where records are left out. */
  readonly access: string
  /** The column; null for a row filter. */
  readonly field: string | null
  /** Of a row filter its expression, else what names the rule. */
  readonly reason: string | null
  readonly zone: string | null
  readonly tags: readonly string[]
}

/** What the policies say of the columns of a topic. */
export interface ColumnRules {
  readonly byName: ReadonlyMap<string, ColumnRule>
  /**
   * For columns that no policy names as they are spelt, accepted ones too: what patterns of names say. A mask or `drop`,
   * never `none`. Null: there are no patterns.
   */
  readonly matching: ((column: string) => ColumnRule | null) | null
  /** Rules on parts of columns, those that win first. They make no column known. */
  readonly inside: readonly InsideRule[]
  /** For columns that nothing names: a mask or `drop`, never `none`. */
  readonly wildcard: ColumnRule | null
  /** What an unknown column without a wildcard does. */
  readonly unknown: 'hold' | 'quarantine' | 'drop' | 'null'
  /** null: omit where the column is optional and the output not compacted, else hold. */
  readonly toast: 'omit' | 'keep' | 'reject' | null
  readonly compacted: boolean
  readonly tableSchema: TableSchema | null
  /** Which rows go out; null: all. */
  readonly rowFilter: RowFilter | null
  readonly projection: Projection | null
  /** For whom the view is made, as expressions ask for it. */
  readonly identity: Identity | null
}

/** An expression of a policy, read and not yet bound to columns. */
export interface PolicyExpression {
  readonly expression: Expression
  readonly dialect: Dialect
  /** Where it was written: policy name and path. */
  readonly policy: string
  readonly path: string
}

/** Which rows a view shows: those for which it is true. It sees the values as they came, before any mask. */
export interface RowFilter extends PolicyExpression {
  /** What becomes of a delete whose row cannot be judged: it goes out without its row, or not at all. */
  readonly undecidedDelete: 'delete' | 'drop'
  /** The policy says that `before` is always whole (replica identity full), so that nothing in it is doubted. */
  readonly isBeforeWhole: boolean
}

/** Makes a value from the values of a row as they came. */
export interface ColumnExpression extends PolicyExpression {
  /** It may read columns that other rules hide: said in the policy, or it is refused. */
  readonly readsRaw: boolean
}

/** Which columns go out, and under which names. It never makes a column known, but for those that it takes out. */
export interface Projection {
  /** Only these, and the computed ones; null: all. */
  readonly keep: ReadonlySet<string> | null
  readonly drop: ReadonlySet<string>
  /** New names by old ones. */
  readonly rename: ReadonlyMap<string, string>
  /** By the name that goes out: in the place of a column of this name, else behind all others. */
  readonly columns: ReadonlyMap<string, ColumnExpression>
  readonly policy: string
  readonly path: string
}

export interface ColumnRule {
  readonly maskType: MaskType
  readonly params: Record<string, unknown>
  /** Of a CUSTOM mask: what makes the value. */
  readonly custom: ColumnExpression | null
  /** Where it was written: policy name and path. */
  readonly policy: string
  readonly path: string
}

/** A rule on what a path selects inside a column. */
export interface InsideRule {
  /** Null: inside every column that has an inside. */
  readonly column: string | null
  readonly path: Path
  /** A second reading of a name: no mistake where it does not fit. */
  readonly isGuess: boolean
  /** The path ends in a wildcard: what is nested there is masked value by value. */
  readonly onLeaves: boolean
  readonly priority: number
  readonly rule: ColumnRule
  readonly tally: Tally
}

export interface UnmatchedRule {
  /** Policy name and path in it. */
  readonly policy: string
  readonly path: string
  readonly values: number
}

export interface PlanSettings {
  /** `${topic}` stands for the raw topic. */
  readonly outputTopic: string
  /** `auto`: publish where the topic has one partition, else hold. */
  readonly truncate: 'auto' | 'publish' | 'drop'
  /** Names of headers that may pass beside Debezium's own; `*` at the end stands for any rest. */
  readonly headers: readonly string[]
  /** Never read, whatever policies name: what lies there was sealed by ourselves. */
  readonly deadLetterTopic: string
  /** The source's `unavailable.value.placeholder`. */
  readonly toastPlaceholder: string
}

/** Keys by id. Never printed. */
export interface KeyRing {
  readonly get: (id: string) => KeyObject | undefined
}
