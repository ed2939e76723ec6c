/**
 * The catalogue of everything that can go wrong on purpose. Who has to act decides the kind; the kind decides what
 * every loop does:
 *
 * - `policy`      the policy author acts. At load: the set is refused (HTTP 422). On the stream: the partition is held.
 * - `record`      the data steward acts. The record is sealed into the dead-letter topic; the partition goes on.
 * - `dependency`  nobody at first (it heals), then on-call. The batch is held and tried again.
 * - `request`     the caller of our HTTP API acts.
 * - `fatal`       the operator acts. The process ends with a non-zero code.
 */
export type ErrorKind = 'policy' | 'record' | 'dependency' | 'request' | 'fatal'

export interface ErrorEntry {
  readonly kind: ErrorKind
  /** What happened. A constant text: it must never be completed with a value of a record. */
  readonly message: string
  /** What to do about it. */
  readonly hint: string
  /** HTTP status where it differs from the kind's own. */
  readonly status?: number
}

const policy = (message: string, hint: string): ErrorEntry => ({ kind: 'policy', message, hint })
const record = (message: string, hint: string): ErrorEntry => ({ kind: 'record', message, hint })
const dependency = (message: string, hint: string): ErrorEntry => ({ kind: 'dependency', message, hint })
const request = (status: number, message: string, hint: string): ErrorEntry => ({
  kind: 'request',
  status,
  message,
  hint,
})
const fatal = (message: string, hint: string): ErrorEntry => ({ kind: 'fatal', message, hint })

/** Every code. The README documents each; a test holds the two together. */
export const errorCatalogue = {
  // ---- policies at load
  POLICY_SHAPE: policy(
    'The document is not a policy of a known shape',
    'See "Policies" in the README for the shapes that are read.',
  ),
  POLICY_UNKNOWN_MASK: policy(
    'No mask type of this name',
    '`scrim check --masks` and GET /v1/mask-types list the names.',
  ),
  POLICY_MASK_PARAMETERS: policy(
    'The parameters do not fit the mask type',
    'GET /v1/mask-types shows each type with its parameters.',
  ),
  POLICY_SELECTOR: policy(
    'The field is not a selector that can be followed',
    'Name a column (`after.email`) or a part of one (`address.city`), or use an RFC 9535 path such as $.after.email.',
  ),
  POLICY_EXPRESSION: policy(
    'The text is not an expression that can be run',
    'The detail tells the position; see "Expressions" in the README for the grammar and the functions.',
  ),
  POLICY_DUPLICATE_NAME: policy('Two policies have the same name', 'Give each policy a name of its own.'),
  POLICY_WILDCARD_CLEARS: policy(
    'A wildcard cannot leave unknown columns in clear',
    'Name the columns that may pass, each with maskType `none`.',
  ),
  POLICY_KEY_MISSING: policy(
    'The key named by a mask is not in the key ring',
    'Add it to SCRIM_KEYS_FILE under this id.',
  ),
  POLICY_TOPIC_LOOP: policy('The topic is an output of Scrim itself', 'Name raw topics only.'),
  POLICY_TOPIC_NAME: policy(
    'The topic name, or the output name made from it, is not a legal Kafka topic name',
    'Use at most 249 characters of a-z, A-Z, 0-9, dot, dash and underscore.',
  ),
  POLICY_VIEW_OUTPUT: policy(
    'Two views would publish to the same topic',
    'Give each view an outputTopic of its own, such as ${topic}.masked.analytics.',
  ),
  POLICY_COLUMN_UNMET: policy(
    'A policy names a column that the known schema of its topic does not have',
    'It may be spelt otherwise, or have been renamed. A column that is named before its DDL is no mistake.',
  ),
  POLICY_TAGS_MISSING: policy(
    'Policies of tags hide nothing in a service of which no tags are known',
    'Load the tags of the service beside them, as /service/tags/download/{service} gives them.',
  ),
  POLICY_DISAGREE: policy(
    'Two policies say different things of a column',
    'At equal priority what hides wins, then the first by name. Make them agree.',
  ),
  POLICY_LOOSE_DIALECT: policy(
    'A mask writes what another product writes, also where that leaves text readable or easy to find by trying',
    'Leave `dialect` out: `strict` is made to hide. Keep it where the results must agree with those of Hive or Trino.',
  ),
  POLICY_COVERED: policy(
    'The rule is on a part of a column that another rule hides as a whole',
    'The column stays hidden. Take one of the two away, or let the column pass with `none`.',
  ),
  POLICY_KEY_CHANGED: policy(
    'A key column would go out otherwise than it has been published: rows would double in the target, deletes miss',
    'Bring the old mask and key back. Or publish anew: to another SCRIM_OUTPUT_TOPIC, or after POST /v1/policies/keys/forget, which says that masked topic and target are emptied; see the runbook "Key columns".',
  ),
  POLICY_ACCESS_TYPE: policy(
    'The service-def knows no access type of this name',
    'Use one of its access types; the one that masks go with is `consume`.',
  ),
  POLICY_CONDITION: policy(
    'The condition or expression is not one that can be judged',
    "Only the conditions of the service-def and a closed part of Ranger's expressions are read; nothing is run as a script.",
  ),
  POLICY_PRINCIPALS: policy(
    'The item names no user, group or role',
    'Name whom it is for; `groups: ["public"]` is everybody.',
  ),
  POLICY_RESOURCE: policy(
    'The resources do not fit the service-def',
    'Name its resources from the top down, without a gap, each with a value.',
  ),
  POLICY_VALIDITY: policy(
    'The validity schedule is not a valid one',
    'Write times as yyyy/MM/dd HH:mm:ss with a known timeZone, and give each recurrence a schedule and an interval.',
  ),
  POLICY_TEST_FAILED: policy(
    'A test that the policy brings along fails',
    'Mend the policy, or the test. `scrim check` runs them, and GET /v1/policies/{name}/test.',
  ),
  POLICY_REFUSED: policy(
    'The policies are refused; those in force stay',
    'Mend what `problems` lists, all of it, and send it again.',
  ),
  POLICY_CONFLICT: {
    ...policy('The stored set was changed meanwhile', 'Read it again and repeat the change on the new version.'),
    status: 409,
  },
  POLICY_PINNED: {
    ...policy(
      'A version is pinned; the set takes no change',
      'Let go of it (POST /v1/policies/pin {"version": null}), then repeat the change; for files POST /v1/policies/reload.',
    ),
    status: 409,
  },
  POLICY_FILES_STALE: {
    ...policy(
      'The policy files changed, but so did the set through REST since the last import',
      'Bring the files up to date (GET /v1/policies), or force: POST /v1/policies/reload?force=true.',
    ),
    status: 409,
  },
  POLICY_APPROVAL_NEEDED: policy(
    'A change of the set waits for a second person',
    'Somebody else looks at it (GET /v1/policies/proposals) and approves or rejects it; see the runbook "Two persons".',
  ),
  POLICY_APPROVAL_SAME_PERSON: {
    ...policy(
      'Who proposed a change cannot approve it',
      'Let another one approve it (a token of another name), or withdraw it: POST /v1/policies/proposals/{id}/withdraw.',
    ),
    status: 403,
  },
  POLICY_PROPOSAL_AUTHOR: {
    ...policy('Only who proposed a change withdraws it', 'Reject it: POST /v1/policies/proposals/{id}/reject.'),
    status: 403,
  },
  POLICY_PROPOSAL_CLOSED: {
    ...policy(
      'The proposal was approved, rejected or withdrawn before',
      'GET /v1/policies/proposals/{id} says by whom. What is still wanted is proposed again.',
    ),
    status: 409,
  },
  POLICY_PROPOSAL_STALE: {
    ...policy(
      'The set was changed after the proposal was made',
      'Withdraw or reject it, and propose the change again on the set as it is now.',
    ),
    status: 409,
  },

  POLICY_RANGER_MASTER: {
    ...policy(
      'The document comes from a Ranger Admin, which is its master',
      'Change it in Ranger Admin; GET /v1/policies shows its service as `source`. To go on without that service take it out of SCRIM_RANGER_SERVICES, then remove the document.',
    ),
    status: 409,
  },

  // ---- policies of a Ranger Admin: the topics that they touch are held
  POLICY_RANGER_INVALID: policy(
    'A policy of a Ranger Admin cannot be taken; the topics that it touches wait, the others go on',
    'Mend it in Ranger Admin, or disable it there; the place names it.',
  ),
  RANGER_SERVICE_GONE: policy(
    'Ranger Admin does not know the service any more, or it has no policies any more; the topics that it governed wait',
    'Enable the service again. To go on without it take it out of SCRIM_RANGER_SERVICES, then remove its documents.',
  ),
  RANGER_SERVICE_MISSING: policy(
    'No policies of a service in SCRIM_RANGER_SERVICES were ever read; every topic waits',
    'Look at SCRIM_RANGER_URL, the name of the service, and whether the account may download its policies (policy.download.auth.users).',
  ),

  // ---- policies against a schema: the partition is held
  RECORD_TOPIC_WITHOUT_POLICY: policy('No policy names this topic', 'Add a policy for it; there is no pass-through.'),
  RECORD_UNKNOWN_COLUMN: policy(
    'A column that no policy names',
    'Name it in a policy (a mask, `none` or `drop`) or accept the schema: scrim check --accept-schema.',
  ),
  QUARANTINE_FULL: policy(
    'More records of the partition wait in quarantine than allowed',
    'Name the column in a policy, then POST /v1/dead-letters/release; see SCRIM_QUARANTINE_LIMIT.',
  ),
  QUARANTINE_BEFORE_TRUNCATE: policy(
    'A truncate follows records that wait in quarantine',
    'Release them (POST /v1/dead-letters/release): after the truncate they would bring deleted rows back.',
  ),
  QUARANTINE_TOPIC_ANEW: policy(
    'The raw topic was made anew while records of it waited in quarantine',
    'Release them (POST /v1/dead-letters/release): they go out before the new ones.',
  ),
  QUARANTINE_KEY_CHANGED: policy(
    'Records wait in quarantine that were parked under another audit key',
    'Their keys cannot be compared any more. Release them (POST /v1/dead-letters/release), or bring the old SCRIM_AUDIT_KEY back.',
  ),
  SCHEMA_MASK_TYPE: policy(
    'The mask does not fit the type of the column',
    'Choose a mask that accepts the type (GET /v1/mask-types).',
  ),
  SCHEMA_MASK_LENGTH: policy(
    'The masked value may be longer than the column',
    'Choose a shorter mask or widen the column.',
  ),
  SCHEMA_MASK_NULLABLE: policy(
    'The mask writes null into a column that is not nullable',
    'Use a constant that fits the type, or drop.',
  ),
  SCHEMA_KEY_MASK: policy(
    'A key column takes only masks that keep different values different',
    'Use `hash` (full length), or `none`.',
  ),
  SCHEMA_EXPRESSION: policy(
    'An expression does not fit the columns of the topic',
    'The detail tells the position: a column that is not there, types that do not go together, a result that does not fit.',
  ),
  SCHEMA_READS_HIDDEN: policy(
    'An expression reads a column that another rule hides, so its result could show it',
    'Read another column, or write `readsRaw: true` beside the expression if what it shows is meant.',
  ),
  SCHEMA_PROJECTION: policy(
    'The projection does not fit the columns of the topic',
    'The detail tells which column: two of one name, or a name that is taken.',
  ),
  SCHEMA_UNDECLARED: policy(
    'Without a schema block only constant, null and drop can be checked',
    'Declare the table schema (a `tableSchema` document) or switch schemas.enable on at the source.',
  ),
  SCHEMA_SELECTOR: policy(
    'The selector leads nowhere in a column of this type',
    'Compare it with the schema: a column may have been renamed. Inside a column look only JSON text, structs, arrays and maps.',
  ),
  SCHEMA_TOO_MANY: policy(
    'The topic has had more schemas than are kept',
    'Restart, which forgets those that are out of use; if it comes again, something makes a new schema for each record.',
  ),
  SCHEMA_TOAST: policy(
    'An unchanged TOAST value cannot be left out here',
    'Use ReselectColumns at the source, or set `toast` in the policy.',
  ),
  RECORD_TRUNCATE_UNORDERED: policy(
    'A truncate has no order against rows of other partitions',
    'Set SCRIM_TRUNCATE to `drop` or `publish`.',
  ),
  OUTPUT_TOPIC_UNFIT: policy(
    'The output topic cannot be made to fit the raw topic',
    'See the place: compare partitions and settings, or choose another SCRIM_OUTPUT_TOPIC.',
  ),

  // ---- records
  RECORD_MALFORMED: record(
    'The bytes are not strict JSON',
    'Look at the raw record at this offset; the source is not writing JSON.',
  ),
  RECORD_TRAILING_BYTES: record(
    'There are bytes after the end of the document',
    'Look at the raw record at this offset.',
  ),
  RECORD_INVALID_UTF8: record('The bytes are not valid UTF-8', 'Look at the raw record at this offset.'),
  RECORD_TOO_DEEP: record('The document is nested too deeply', 'Look at the raw record at this offset.'),
  RECORD_REPEATED_MEMBER: record(
    'A member name occurs twice',
    'Look at the raw record at this offset; a member must not hide another.',
  ),
  RECORD_UNKNOWN_MEMBER: record(
    'A member that a Debezium record of this kind does not have',
    'Remove the transform that adds it, or ask for support of it.',
  ),
  RECORD_UNKNOWN_SHAPE: record(
    'Neither a Debezium change event nor a flattened row',
    'Only change events can be masked; keep other records off this topic.',
  ),
  RECORD_SCHEMA_INVALID: record('The schema block is not a Connect schema', 'Look at the raw record at this offset.'),
  RECORD_NOT_IN_SCHEMA: record(
    'The payload has a member that its schema lacks',
    'Look at the raw record at this offset.',
  ),
  RECORD_MASK_TYPE_MISMATCH: record(
    'The value is not of the type that the schema or the mask expects',
    'Look at the raw record at this offset.',
  ),
  RECORD_EXPRESSION_MISFIT: record(
    'The result of an expression does not fit its column',
    'It is out of range, too long, or NULL where the column takes none. Look at the raw record at this offset.',
  ),
  RECORD_INNER_JSON: record(
    'A column with rules on its parts is not strict JSON, or nested too deeply',
    'Look at the raw record at this offset; mask the column as a whole if it is no JSON.',
  ),
  RECORD_SELECTOR_LIMIT: record(
    'Looking for the parts of a column would take too long, or write too much',
    'Use a plainer selector, or mask the column as a whole.',
  ),
  RECORD_HEADER_UNREADABLE: record(
    'A key header cannot be read',
    'Use SimpleHeaderConverter or JsonConverter for headers.',
  ),
  RECORD_KEY_UNREADABLE: record(
    'The key is not an object of columns',
    'Keep the key as Debezium writes it; a transform seems to rewrite it.',
  ),
  RECORD_TOO_LARGE: record(
    'The masked record is larger than the output topic takes',
    'Raise max.message.bytes of the output topic, then replay.',
  ),
  RECORD_NOT_ACCEPTED: record(
    'Kafka does not accept the masked record',
    "Compare its timestamp and key with the output topic's settings, then replay.",
  ),

  // ---- records that wait in quarantine
  RECORD_QUARANTINED: record(
    'A column that no policy names; the record waits in quarantine',
    'Name it in a policy (a mask, `none` or `drop`), then POST /v1/dead-letters/release.',
  ),
  RECORD_BEHIND_QUARANTINED: record(
    'An earlier record of the same key waits in quarantine',
    'It goes out behind the earlier one: POST /v1/dead-letters/release.',
  ),

  // ---- the outside
  KAFKA_UNAVAILABLE: dependency('Kafka does not answer', 'Heals by itself; watch scrim_dependency_up.'),
  KAFKA_NOT_AUTHORISED: dependency(
    'Kafka refuses: a permission is missing',
    'See "Operations" in the README for the ACLs Scrim needs.',
  ),
  KAFKA_GROUP_NOT_AUTHORISED: dependency(
    'Kafka names no group coordinator',
    'Most often the ACL "Group READ" is missing for the consumer group.',
  ),
  KAFKA_TOPIC_MISSING: dependency(
    'Policies name topics that are not there, or that Kafka does not show us',
    'Read as soon as they appear. Else compare the names; Kafka shows a topic only with the ACL READ (or DESCRIBE), and names that begin with two underscores are never read.',
  ),
  POSTGRES_UNAVAILABLE: dependency('Postgres does not answer', 'Heals by itself; watch scrim_dependency_up.'),
  POSTGRES_NOT_AUTHORISED: dependency(
    'Postgres refuses: the role, its password or a permission is missing',
    'Look at SCRIM_DATABASE_URL; what the role needs is granted by the migrations (SCRIM_MIGRATIONS_URL).',
  ),
  POLICY_NOT_LOADED: dependency(
    'No policies are in force yet',
    'GET /health/ready says what the start waits for: the store of policies, or a set that can be taken.',
  ),
  CONNECT_UNAVAILABLE: dependency('Kafka Connect does not answer', 'Heals by itself; watch scrim_dependency_up.'),
  RANGER_UNAVAILABLE: dependency(
    'Ranger Admin does not answer; its policies stay as they were read last',
    'Heals by itself; watch scrim_dependency_up and scrim_ranger_policy_version.',
  ),
  RANGER_NOT_AUTHORISED: dependency(
    'Ranger Admin refuses the download; its policies stay as they were read last',
    'The account must be an admin, or be listed in policy.download.auth.users of the service; see "Ranger Admin as a source".',
  ),
  RANGER_ANSWER: dependency(
    'Ranger Admin answers with something that is not what was asked for; its policies stay as they were read last',
    'The place says what. Most often SCRIM_RANGER_URL leads to a login page or a proxy.',
  ),
  RANGER_AUDIT_UNAVAILABLE: dependency(
    'The copy of audit events in Ranger form cannot be written; the audit in Postgres is whole',
    'Look at SCRIM_RANGER_AUDIT. What does not fit into the buffer meanwhile is counted in scrim_ranger_audit_lost_total.',
  ),
  DEAD_LETTER_REFUSED: dependency(
    'The dead-letter topic does not take the record',
    'The partition waits. The place says why; look at the topic, its ACLs, and its max.message.bytes: a letter is as large as its raw record unpacked, and Scrim wants 33554432 (32 MiB).',
  ),
  REPLAY_WAITS: dependency(
    'The partition is busy with a batch that waits',
    'GET /health/ready says what it waits for; try again when that is over.',
  ),
  REPLAY_ELSEWHERE: dependency(
    'No instance that reads this partition has answered',
    'The partition may be changing hands. Look at the state of the letter, then try again.',
  ),
  SEALING_KEY_MISSING: policy(
    'A record cannot be masked and there is no sealing key',
    'Set KAFKA_ENCRYPTION_KEY, or SCRIM_DEAD_LETTER_PAYLOAD=withhold.',
  ),
  TOO_MANY_DEAD_LETTERS: policy(
    'More dead letters in the window than allowed',
    'Find the cause, then POST /v1/policies/reload or restart; see SCRIM_DEAD_LETTER_LIMIT.',
  ),
  OFFSET_OUT_OF_RANGE: policy(
    'The committed offset is no longer in the raw topic',
    'Records were deleted before they were masked. See the runbook "Offset out of range".',
  ),
  KAFKA_RECORDS_UNREADABLE: policy(
    'A record batch of the raw topic is damaged, or of a format older than Kafka 0.11',
    'All before this offset is masked. See the runbook "Unreadable records".',
  ),

  // ---- callers
  REQUEST_INVALID: request(400, 'The request is not valid', 'See /docs for the form of this call.'),
  REQUEST_MEDIA_TYPE: request(
    415,
    'The body is not of a content type that this call reads',
    'Send Content-Type: application/json, or the one that /docs names for this call.',
  ),
  REQUEST_PATCH: request(
    422,
    'The JSON Patch cannot be applied',
    'The place names the operation; read the document again and mend the patch (RFC 6902).',
  ),
  REQUEST_UNAUTHENTICATED: request(
    401,
    'A token is needed',
    'Send Authorization: Bearer <token>; tokens are set by SCRIM_TOKENS.',
  ),
  REQUEST_FORBIDDEN: request(
    403,
    'The token does not carry this permission',
    'Ask for a token with the permission named by the place.',
  ),
  REQUEST_HOST: request(403, 'The Host header is not one of ours', 'Use a name from SCRIM_HTTP_HOSTS.'),
  REQUEST_NOT_FOUND: request(404, 'There is no such thing', 'Check the name.'),
  REQUEST_CONFLICT: request(
    412,
    'The If-Match version is not the current one',
    'Read it again and repeat the change on the new version.',
  ),
  REQUEST_PRECONDITION: request(428, 'A change needs If-Match', 'Send the ETag that GET gave, or If-Match: *.'),
  REQUEST_RATE: request(429, 'Too many calls', 'Wait and try again.'),
  REQUEST_TOO_LARGE: request(413, 'The body is too large', 'Send less at once.'),
  REPLAY_OVERTAKES: request(
    409,
    'There is a newer record of the same key in the raw topic',
    'Use force=true if the older state is really wanted.',
  ),
  REPLAY_QUARANTINED: request(
    409,
    'The record, or an earlier one of its key, waits in quarantine',
    'POST /v1/dead-letters/release lets the records of a topic go out in their order.',
  ),
  REPLAY_UNREADABLE: request(
    409,
    'What the replay has to read is gone',
    'The place says what: the letter, its key, the raw record; or `newer records`, which force=true does without.',
  ),

  // ---- the end
  CONFIG_INVALID: fatal('The configuration is not valid', 'scrim run --help lists every key.'),
  POLICY_NONE: fatal('There is no policy to run', 'Put a policy file into SCRIM_POLICIES.'),
  POSTGRES_NOT_MIGRATED: fatal(
    'The tables in Postgres are not those of this version of Scrim',
    'Start it once with SCRIM_MIGRATIONS_URL, a role that may create tables. A migration that was applied is never edited.',
  ),
  KAFKA_CLIENT_CRASHED: fatal(
    'The Kafka client stopped and cannot heal',
    'The process ends; its restart goes on where it was.',
  ),
  INTERNAL: fatal('A bug in Scrim', 'Please report it with the batch or request that the log names.'),
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof errorCatalogue

/** Where it happened: names and numbers only, never a value. */
export interface Place {
  readonly topic?: string
  readonly partition?: number
  readonly offset?: string
  readonly view?: string
  /** A path of names: `after.email`, `key.id`, `maskingPolicy.maskingConditions[2].field`. */
  readonly path?: string
  /** The policy or file. */
  readonly policy?: string
}

/** An error of the catalogue. Its text is constant; what differs is the place. */
export class ScrimError extends Error {
  readonly code: ErrorCode
  readonly where: Place
  /** kafkajs reads this property to decide whether it tries again. */
  readonly retriable: boolean

  constructor(code: ErrorCode, where: Place = {}, options?: { cause?: unknown }) {
    // The cause is kept for the debugger only: loggers must not print it, foreign texts quote data.
    super(errorCatalogue[code].message, options)
    this.name = 'ScrimError'
    this.code = code
    this.where = where
    this.retriable = this.kind === 'dependency'
  }

  get kind(): ErrorKind {
    return errorCatalogue[this.code].kind
  }

  get hint(): string {
    return errorCatalogue[this.code].hint
  }
}

/** A record of a masked batch that the sink cannot write whatever it does: the others can go without it. */
export class UnwritableRecord extends ScrimError {
  /** Its index in the masked batch. */
  readonly index: number

  constructor(code: ErrorCode, index: number, where: Place = {}) {
    super(code, where)
    this.index = index
  }
}

/** One finding about a policy set. All of them are reported at once. */
export interface Problem {
  readonly code: ErrorCode
  readonly severity: 'error' | 'warning'
  readonly where: Place
  /** A sentence that completes the code's own; made of names from the policy and the schema only. */
  readonly detail?: string
}

/** A set of policies with at least one problem that is an error: refused whole, the one in force stays. */
export class PoliciesRefused extends ScrimError {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super('POLICY_REFUSED')
    this.problems = problems
  }
}

/** The place as one line: `topic/partition@offset path`. */
export function placeText(where: Place): string {
  const record =
    where.topic === undefined
      ? ''
      : where.partition === undefined
        ? where.topic
        : `${where.topic}/${where.partition}@${where.offset ?? '?'}`
  return [where.policy, record, where.view, where.path].filter(part => part !== undefined && part !== '').join(' ')
}
