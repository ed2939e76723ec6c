import { type ErrorCode, type Place, ScrimError } from '../../errors.ts'

/** The one place where errors of kafkajs become codes. Their texts quote keys and records, so only names come out. */

const notAuthorised = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'SECURITY_DISABLED',
  'KafkaJSSASLAuthenticationError',
])
const tooLarge = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])
const crashes = new Set([
  'TypeError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'KafkaJSNotImplemented',
  'KafkaJSInvariantViolation',
  'KafkaJSUnsupportedMagicByteInMessageSet',
])

/** The names of an error and of its causes, outermost first: Kafka's error type where there is one, else the class, else the system's code. */
export function kafkaErrorNames(error: unknown): string[] {
  const names: string[] = []
  for (let at: unknown = error; at instanceof Error && names.length < 10; at = causeOf(at)) {
    const code = 'code' in at && typeof at.code === 'string' ? at.code : undefined
    const type = 'type' in at && typeof at.type === 'string' ? at.type : undefined
    names.push(type ?? (at.name === 'Error' && code !== undefined ? code : at.name))
  }
  return names
}

// Where several topics were asked for, kafkajs throws all that went wrong in one.
const causeOf = (error: Error): unknown =>
  error.cause ?? ('errors' in error && Array.isArray(error.errors) ? error.errors[0] : undefined)

/** The broker's own name for what it refused; undefined where no broker answered. */
export const kafkaErrorType = (error: unknown): string | undefined => answerOf(error)?.type

/** The broker has said no and would say it again; false where it could not be asked, or may answer otherwise soon. */
export const isRefusal = (error: unknown): boolean => answerOf(error)?.retriable === false

function answerOf(error: unknown): { readonly type: string; readonly retriable: unknown } | undefined {
  for (let at: unknown = error, n = 0; at instanceof Error && n < 10; at = causeOf(at), n++) {
    if ('type' in at && typeof at.type === 'string')
      return { type: at.type, retriable: 'retriable' in at ? at.retriable : undefined }
  }
  return undefined
}

/** The name that says most: the innermost cause's. */
export const kafkaErrorName = (error: unknown): string => kafkaErrorNames(error).at(-1) ?? 'unknown'

/** Any error of kafkajs or of a socket as one of the catalogue. */
export function kafkaError(error: unknown, where: Place = {}): ScrimError {
  if (error instanceof ScrimError) return error
  return new ScrimError(codeOf(kafkaErrorNames(error)), where)
}

function codeOf(names: readonly string[]): ErrorCode {
  const has = (set: ReadonlySet<string>): boolean => names.some(name => set.has(name))
  if (has(notAuthorised)) return 'KAFKA_NOT_AUTHORISED'
  // A missing ACL on the group comes out as "Failed to find group coordinator": kafkajs swallows what the broker said.
  if (names.includes('GROUP_AUTHORIZATION_FAILED') || names.includes('KafkaJSGroupCoordinatorNotFound'))
    return 'KAFKA_GROUP_NOT_AUTHORISED'
  if (has(tooLarge)) return 'RECORD_TOO_LARGE'
  if (has(crashes)) return 'KAFKA_CLIENT_CRASHED'
  return 'KAFKA_UNAVAILABLE'
}
