import { KafkaJSProtocolError } from 'kafkajs'
import { expect, test } from 'vitest'
import { isRefusal, kafkaError, kafkaErrorNames, kafkaErrorType } from '../../../src/adapters/kafka/kafka-error.ts'
import type { ErrorCode } from '../../../src/errors.ts'

const canary = 'canary-4711'
const protocol = (type: string, retriable = false): Error =>
  new KafkaJSProtocolError(Object.assign(new Error(canary), { type, code: 1, retriable }))
const named = (name: string, more: object = {}): Error => Object.assign(new Error(canary), { name, ...more })
const wrapped = (cause: Error): Error =>
  named('KafkaJSNonRetriableError', { cause: named('KafkaJSNumberOfRetriesExceeded', { cause }) })

const cases: [error: Error, code: ErrorCode][] = [
  [protocol('TOPIC_AUTHORIZATION_FAILED'), 'KAFKA_NOT_AUTHORISED'],
  [named('KafkaJSSASLAuthenticationError'), 'KAFKA_NOT_AUTHORISED'],
  [protocol('GROUP_AUTHORIZATION_FAILED'), 'KAFKA_GROUP_NOT_AUTHORISED'],
  [named('KafkaJSGroupCoordinatorNotFound'), 'KAFKA_GROUP_NOT_AUTHORISED'],
  [protocol('MESSAGE_TOO_LARGE'), 'RECORD_TOO_LARGE'],
  [protocol('NOT_ENOUGH_REPLICAS'), 'KAFKA_UNAVAILABLE'],
  [named('KafkaJSConnectionError'), 'KAFKA_UNAVAILABLE'],
  [Object.assign(new Error(canary), { code: 'ECONNREFUSED' }), 'KAFKA_UNAVAILABLE'],
  [new TypeError(canary), 'KAFKA_CLIENT_CRASHED'],
]

test.each(cases)('%s is %s, also when wrapped, and keeps nothing of its text', (error, code) => {
  for (const one of [error, wrapped(error)]) {
    const translated = kafkaError(one, { topic: 't' })
    expect(translated.code).toBe(code)
    expect(JSON.stringify([translated, translated.message, translated.cause, kafkaErrorNames(one)])).not.toContain(
      canary,
    )
  }
})

test("finds the broker's own name among several topics' errors", () => {
  const all = Object.assign(new Error(canary), { errors: [protocol('TOPIC_ALREADY_EXISTS')] })
  expect(kafkaErrorType(all)).toBe('TOPIC_ALREADY_EXISTS')
  expect(kafkaErrorType(new Error(canary))).toBeUndefined()
})

test('a refusal is what the broker would say again', () => {
  expect(isRefusal(protocol('TOPIC_AUTHORIZATION_FAILED'))).toBe(true)
  expect(isRefusal(wrapped(protocol('POLICY_VIOLATION')))).toBe(true)
  expect(isRefusal(wrapped(protocol('REQUEST_TIMED_OUT', true)))).toBe(false)
  expect(isRefusal(named('KafkaJSConnectionError', { retriable: false }))).toBe(false)
})
