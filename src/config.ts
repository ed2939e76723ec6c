import { readFileSync } from 'node:fs'
import { ScrimError } from './errors.ts'

/** One key of the environment: how it is read, what it is without, and a sentence for --help. */
interface Key<T> {
  readonly env: string
  readonly about: string
  readonly fallback: string | null
  /** Also read from `<env>_FILE`; never printed. */
  readonly secret: boolean
  /** Throws a sentence (never the value) where the text does not fit. */
  readonly read: Read<T>
}

/** `path`: the file that the text came out of, where it did. */
type Read<T> = (text: string, path?: string) => T

const key = <T>(env: string, about: string, fallback: string | null, read: Read<T>): Key<T> => ({
  env,
  about,
  fallback,
  secret: false,
  read,
})
const secret = <T>(env: string, about: string, read: Read<T>): Key<T | null> => ({
  env,
  about,
  fallback: null,
  secret: true,
  read,
})
const optional = <T>(env: string, about: string, read: Read<T>): Key<T | null> => ({
  env,
  about,
  fallback: null,
  secret: false,
  read,
})

const text: Read<string> = value => value
const list: Read<readonly string[]> = value =>
  value
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
const oneOf =
  <const T extends string>(...allowed: T[]): Read<T> =>
  value => {
    const found = allowed.find(candidate => candidate === value)
    if (found === undefined) throw new Error(`must be one of ${allowed.join(', ')}`)
    return found
  }
const whole =
  (min: number, max: number): Read<number> =>
  value => {
    const number = Number(value)
    if (!/^\d+$/.test(value) || number < min || number > max)
      throw new Error(`must be a whole number from ${min} to ${max}`)
    return number
  }
const flag: Read<boolean> = value => oneOf('true', 'false')(value) === 'true'
const url =
  (...protocols: string[]): Read<string> =>
  value => {
    if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol))
      throw new Error(`must be a URL with ${protocols.join(' or ')}`)
    return value
  }
const file: Read<Buffer> = path => {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Error(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`)
  }
}
/** Looked up at each use: what lies in the file may be put in place of the old one while Scrim runs. */
const renewed: Read<() => string> = (value, path) => (path === undefined ? () => value : () => textOf(path))
const textOf = (path: string): string => file(path).toString('utf8').trim()
const rangerServices: Read<readonly string[]> = value => {
  const names = list(value)
  // They become parts of addresses and names of files.
  if (!names.every(name => /^[A-Za-z0-9_-][A-Za-z0-9 ._-]{0,199}$/.test(name)))
    throw new Error('must be names of Ranger services')
  if (new Set(names).size < names.length) throw new Error('names a service twice')
  return names
}
const rangerAudit: Read<'postgres' | URL | null> = value => {
  if (value === 'off') return null
  if (value === 'postgres') return value
  const isAddress = /^(?:file:(?:\/\/)?\/(?!\/)|https?:\/\/)./.test(value)
  if (isAddress && URL.canParse(value)) return new URL(value)
  throw new Error('must be off, postgres, file:<absolute path> or a URL with http: or https:')
}
const bytes32: Read<Buffer> = value => {
  const bytes = /^[0-9a-fA-F]{64}$/.test(value) ? Buffer.from(value, 'hex') : Buffer.from(value, 'base64')
  if (bytes.length !== 32) throw new Error('must be 32 bytes in hexadecimal or base64')
  return bytes
}
const template: Read<string> = value => {
  if (value.split('${topic}').length !== 2 || value === '${topic}')
    throw new Error('must hold ${topic} once, beside something else')
  return value
}

/** Keys by id: a JSON object of id to 32 bytes in hexadecimal or base64. */
const keyRing: Read<ReadonlyMap<string, Buffer>> = value => {
  let parsed: unknown
  try {
    parsed = JSON.parse(value)
  } catch {
    throw new Error('must be a JSON object of id to key')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new Error('must be a JSON object of id to key')
  return new Map(
    Object.entries(parsed).map(([id, one]) => {
      if (typeof one !== 'string') throw new Error(`key ${id} must be a string`)
      return [id, bytes32(one)]
    }),
  )
}

/** What a token may do. */
export const permissions = ['read', 'policies', 'approve', 'transform', 'replay', 'dry-run', 'explain'] as const
export type Permission = (typeof permissions)[number]
export interface Token {
  readonly name: string
  readonly secret: string
  readonly permissions: ReadonlySet<Permission>
}

/** `name:permission+permission:token`, separated by commas or lines. */
const tokens: Read<readonly Token[]> = value =>
  value
    .split(/[\n,]/)
    .map(part => part.trim())
    .filter(part => part !== '')
    .map(part => {
      const [name = '', granted = '', ...rest] = part.split(':')
      const token = rest.join(':')
      const allowed = granted === 'all' ? permissions : granted.split('+').map(one => oneOf(...permissions)(one))
      if (name === '' || token.length < 16)
        throw new Error('must be name:permission+permission:token, the token of at least 16 characters')
      return { name, secret: token, permissions: new Set(allowed) }
    })

const keys = {
  brokers: key('KAFKA_BROKERS', 'Bootstrap servers, host:port, separated by commas.', 'localhost:9092', list),
  clientId: key('KAFKA_CLIENT_ID', 'How Scrim names itself to Kafka.', 'scrim', text),
  username: optional('KAFKA_USERNAME', 'SASL user; without it no SASL.', text),
  password: secret('KAFKA_PASSWORD', 'SASL password.', text),
  sasl: key(
    'SCRIM_KAFKA_SASL',
    'SASL mechanism: plain, scram-sha-256 or scram-sha-512.',
    'scram-sha-512',
    oneOf('plain', 'scram-sha-256', 'scram-sha-512'),
  ),
  tls: key('SCRIM_KAFKA_TLS', 'Speak TLS to Kafka; also on where one of the KAFKA_SSL_ files is set.', 'false', flag),
  tlsCa: optional('KAFKA_SSL_CA', 'File with the certificate authority, PEM.', file),
  tlsCert: optional('KAFKA_SSL_CERT', 'File with the client certificate (mTLS), PEM.', file),
  tlsKey: optional('KAFKA_SSL_KEY', 'File with the client key (mTLS), PEM.', file),
  group: key('SCRIM_GROUP', 'Consumer group; instances with the same group share the partitions.', 'scrim', text),
  outputTopic: key(
    'SCRIM_OUTPUT_TOPIC',
    'Name of the masked topic; ${topic} stands for the raw one.',
    '${topic}.masked',
    template,
  ),
  compression: key(
    'SCRIM_COMPRESSION',
    'Codec of masked topics: none, gzip, snappy, lz4 or zstd.',
    'zstd',
    oneOf('none', 'gzip', 'snappy', 'lz4', 'zstd'),
  ),
  truncate: key(
    'SCRIM_TRUNCATE',
    'Truncate events: auto (publish where the topic has one partition, else hold), publish or drop.',
    'auto',
    oneOf('auto', 'publish', 'drop'),
  ),
  headers: key(
    'SCRIM_HEADERS',
    'Names of further headers that may pass, separated by commas; * at the end stands for any rest.',
    '',
    list,
  ),
  toastPlaceholder: key(
    'SCRIM_TOAST_PLACEHOLDER',
    "The source's unavailable.value.placeholder.",
    '__debezium_unavailable_value',
    text,
  ),
  topicRefreshMs: key(
    'SCRIM_TOPIC_REFRESH_MS',
    'How often the topics that policies name are looked up again.',
    '5000',
    whole(100, 3_600_000),
  ),
  sessionTimeoutMs: key(
    'SCRIM_SESSION_TIMEOUT_MS',
    'After so long without a sign of life the other instances take over its partitions; within what the broker allows (group.min.session.timeout.ms).',
    '30000',
    whole(1000, 1_800_000),
  ),
  concurrency: key(
    'SCRIM_CONCURRENCY',
    'Partitions worked on at the same time; those that wait for something outside do not count.',
    '8',
    whole(1, 1000),
  ),
  queueBytes: key(
    'SCRIM_QUEUE_BYTES',
    'Raw bytes held in memory before fetching waits; as much again may be held by batches that wait for something outside.',
    '67108864',
    whole(1_048_576, 8_589_934_592),
  ),
  policies: key('SCRIM_POLICIES', 'Folder (or file) with policy documents.', 'policies', text),
  policyApproval: key(
    'SCRIM_POLICY_APPROVAL',
    'Who a change of the policies needs: off (its author), or two-person (another one approves it before it is a version). The same for all instances.',
    'off',
    oneOf('off', 'two-person'),
  ),
  keys: secret(
    'SCRIM_KEYS',
    'Key ring for masks: JSON object of key id to 32 bytes in hexadecimal or base64.',
    keyRing,
  ),
  databaseUrl: secret(
    'SCRIM_DATABASE_URL',
    'Postgres for versions, audit and the dead-letter index.',
    url('postgres:', 'postgresql:'),
  ),
  migrationsUrl: secret(
    'SCRIM_MIGRATIONS_URL',
    'The same database under a role that may create tables; where set, migrations run at start.',
    url('postgres:', 'postgresql:'),
  ),
  cacheDir: optional(
    'SCRIM_CACHE_DIR',
    'Folder for the last-known-good policy set, for a start without Postgres.',
    text,
  ),
  rangerUrl: secret(
    'SCRIM_RANGER_URL',
    'Ranger Admin, whose policies are polled, such as https://ranger:6182; without it there is no such source.',
    url('http:', 'https:'),
  ),
  rangerServices: key(
    'SCRIM_RANGER_SERVICES',
    'The services whose policies are taken, separated by commas. The same for all instances.',
    '',
    rangerServices,
  ),
  rangerPollMs: key('SCRIM_RANGER_POLL_MS', 'How often Ranger Admin is asked.', '30000', whole(100, 3_600_000)),
  rangerUser: optional('SCRIM_RANGER_USER', 'User for Basic authentication at Ranger Admin.', text),
  rangerPassword: secret('SCRIM_RANGER_PASSWORD', 'Its password.', text),
  rangerToken: secret(
    'SCRIM_RANGER_TOKEN',
    'Bearer token (JWT) for Ranger Admin, in place of a user; the file is read again for each request.',
    renewed,
  ),
  rangerCa: optional('SCRIM_RANGER_SSL_CA', 'File with the certificate authority of Ranger Admin, PEM.', file),
  rangerCert: optional('SCRIM_RANGER_SSL_CERT', 'File with the client certificate (mTLS), PEM.', file),
  rangerKey: optional('SCRIM_RANGER_SSL_KEY', 'File with the client key (mTLS), PEM.', file),
  rangerCacheDir: optional(
    'SCRIM_RANGER_CACHE_DIR',
    "Folder for Ranger's downloads under its own file names, for a start without Ranger Admin and stored policies; left out: SCRIM_CACHE_DIR.",
    text,
  ),
  rangerAudit: secret(
    'SCRIM_RANGER_AUDIT',
    'Audit events in the JSON of Ranger, beside the audit rows: off, postgres, file:<path>, or a URL that they are posted to (SCRIM_RANGER_SSL_ counts there too).',
    rangerAudit,
  ),
  audit: key(
    'SCRIM_AUDIT',
    'Audit rows: one a record, one a batch, or off.',
    'record',
    oneOf('record', 'batch', 'off'),
  ),
  auditKey: secret(
    'SCRIM_AUDIT_KEY',
    'Key of record_id in audit rows, 32 bytes; left out: derived from KAFKA_ENCRYPTION_KEY.',
    bytes32,
  ),
  sourceSystem: key('SCRIM_SOURCE_SYSTEM', 'source_system in audit rows.', 'warehouse', text),
  targetSystem: key('SCRIM_TARGET_SYSTEM', 'target_system in audit rows.', 'citizen', text),
  sealingKey: secret(
    'KAFKA_ENCRYPTION_KEY',
    'Seals dead letters: 32 bytes in hexadecimal or base64. Without it an unmaskable record stops its partition.',
    bytes32,
  ),
  sealingKeyId: key(
    'SCRIM_SEALING_KEY_ID',
    'Name of the sealing key, written beside each sealed record.',
    'default',
    text,
  ),
  deadLetterTopic: key('SCRIM_DEAD_LETTER_TOPIC', 'Topic of sealed records that could not be masked.', 'cdc-dlq', text),
  deadLetterPayload: key(
    'SCRIM_DEAD_LETTER_PAYLOAD',
    'seal the raw record into the dead letter, or withhold it (replay then reads the raw topic again).',
    'seal',
    oneOf('seal', 'withhold'),
  ),
  deadLetterLimit: key(
    'SCRIM_DEAD_LETTER_LIMIT',
    'More dead letters of a partition in the window than this stop it.',
    '100',
    whole(0, 1_000_000),
  ),
  deadLetterWindowMs: key('SCRIM_DEAD_LETTER_WINDOW_MS', 'The window of the limit.', '60000', whole(100, 86_400_000)),
  quarantineLimit: key(
    'SCRIM_QUARANTINE_LIMIT',
    'More records of a partition in quarantine than this stop it (policies with `unknownColumns: quarantine`).',
    '10000',
    whole(1, 100_000),
  ),
  deadLetterRetries: key(
    'SCRIM_DEAD_LETTER_RETRIES',
    'How often a dead letter that may heal by itself (RECORD_TOO_LARGE) is tried again before it is marked for review.',
    '6',
    whole(0, 100),
  ),
  connectUrl: secret(
    'SCRIM_CONNECT_URL',
    'Kafka Connect REST, to watch connectors; user and password may stand in it.',
    url('http:', 'https:'),
  ),
  connectors: key('SCRIM_CONNECTORS', 'Connectors to watch; left out: all.', '', list),
  httpHost: key('SCRIM_HTTP_HOST', 'Address to listen on.', '127.0.0.1', text),
  httpPort: key('SCRIM_HTTP_PORT', 'Port to listen on; 0 takes a free one.', '8080', whole(0, 65_535)),
  httpHosts: key('SCRIM_HTTP_HOSTS', 'Further names under which HTTP may be called (Host header).', '', list),
  tokens: secret(
    'SCRIM_TOKENS',
    'HTTP tokens, name:permission+permission:token, by comma or line; permissions: read policies approve transform replay dry-run explain, or all.',
    tokens,
  ),
  url: key(
    'SCRIM_URL',
    'Where `scrim policies` finds a running Scrim.',
    'http://127.0.0.1:8080',
    url('http:', 'https:'),
  ),
  token: secret('SCRIM_TOKEN', 'The token that `scrim policies` shows there.', text),
  logLevel: key(
    'SCRIM_LOG_LEVEL',
    'trace, debug, info, warn, error or fatal.',
    'info',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal'),
  ),
  graceMs: key(
    'SCRIM_GRACE_MS',
    'How long a stop may take before what is under way is abandoned.',
    '20000',
    whole(0, 600_000),
  ),
} as const

/** The whole configuration; read once at start, frozen. */
export type Config = { readonly [K in keyof typeof keys]: (typeof keys)[K] extends Key<infer T> ? T : never }

/** Under the rule of two persons somebody has to be able to say yes. */
export const canBeApproved = ({ policyApproval, tokens: known }: Pick<Config, 'policyApproval' | 'tokens'>): boolean =>
  policyApproval === 'off' || (known ?? []).some(({ permissions: granted }) => granted.has('approve'))

/** Reads the environment. All problems at once, as one error of kind `fatal` whose `problems` name the keys, never what they hold. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const problems: string[] = []
  const known = new Set(
    Object.values(keys).flatMap(({ env: name, secret: isSecret }) => (isSecret ? [name, `${name}_FILE`] : [name])),
  )
  for (const name of Object.keys(env)) {
    if (name.startsWith('SCRIM_') && !known.has(name))
      problems.push(`${name}: there is no such key${guess(name, known)}`)
  }
  const config: Record<string, unknown> = {}
  for (const [name, definition] of Object.entries(keys))
    config[name] = readKey(definition as Key<unknown>, env, problems)
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config) as Config
}

/** Carries what is wrong with which key. */
export class ConfigError extends ScrimError {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super('CONFIG_INVALID')
    this.problems = problems
  }
}

function readKey(definition: Key<unknown>, env: NodeJS.ProcessEnv, problems: string[]): unknown {
  const { env: name, fallback, secret: isSecret, read } = definition
  try {
    const path = isSecret ? env[`${name}_FILE`] : undefined
    if (path !== undefined && env[name] !== undefined) throw new Error(`and ${name}_FILE are both set`)
    const value = path === undefined ? (env[name] ?? fallback) : textOf(path)
    return value === null || (value === '' && fallback === null) ? null : read(value, path)
  } catch (error) {
    problems.push(`${name}: ${(error as Error).message}`)
    return null
  }
}

/** The known key that shares the longest beginning. */
function guess(name: string, known: ReadonlySet<string>): string {
  const shared = (other: string): number => {
    let n = 0
    while (n < name.length && name[n] === other[n]) n++
    return n
  }
  const best = [...known].sort((a, b) => shared(b) - shared(a))[0]
  return best !== undefined && shared(best) > 'SCRIM_'.length + 2 ? `; did you mean ${best}?` : ''
}

/** For --help and the README: every key with its default and sentence. */
export function describeConfig(): { readonly env: string; readonly fallback: string; readonly about: string }[] {
  return Object.values(keys).map(({ env, fallback, about, secret: isSecret }) => ({
    env: isSecret ? `${env} or ${env}_FILE` : env,
    fallback: fallback ?? '',
    about,
  }))
}

/** For the log at start: settings as they are, secrets as set or unset. */
export function printableConfig(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.values(keys).map(({ env: name, fallback, secret: isSecret }) => {
      const set = env[name] !== undefined || env[`${name}_FILE`] !== undefined
      return [name, isSecret ? (set ? 'set' : 'unset') : (env[name] ?? fallback ?? 'unset')]
    }),
  )
}
