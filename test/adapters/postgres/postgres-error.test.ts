import { expect, test } from 'vitest'
import { postgresError } from '../../../src/adapters/postgres/postgres-error.ts'
import { ScrimError } from '../../../src/errors.ts'

const coded = (code: string, message = 'canary-7f3a') =>
  Object.assign(new Error(message), {
    code,
    detail: 'Key (phone)=(canary-7f3a)',
    where: 'canary-7f3a',
    hint: 'canary-7f3a',
  })

const cases: [what: string, error: unknown, code: string, path: string][] = [
  ['a refused connection', coded('ECONNREFUSED'), 'POSTGRES_UNAVAILABLE', 'ECONNREFUSED'],
  ['a broken one', coded('EPIPE'), 'POSTGRES_UNAVAILABLE', 'EPIPE'],
  ['an unknown host', coded('ENOTFOUND'), 'POSTGRES_UNAVAILABLE', 'ENOTFOUND'],
  [
    'a certificate that nobody trusts',
    coded('SELF_SIGNED_CERT_IN_CHAIN'),
    'POSTGRES_UNAVAILABLE',
    'SELF_SIGNED_CERT_IN_CHAIN',
  ],
  ['a lost connection', new Error('Connection terminated unexpectedly'), 'POSTGRES_UNAVAILABLE', 'connection lost'],
  ['an answer that does not come', new Error('Query read timeout'), 'POSTGRES_UNAVAILABLE', 'connection lost'],
  [
    'no free connection',
    new Error('timeout exceeded when trying to connect'),
    'POSTGRES_UNAVAILABLE',
    'connection lost',
  ],
  ['a shutdown', coded('57P01'), 'POSTGRES_UNAVAILABLE', 'SQLSTATE 57P01'],
  ['a start', coded('57P03'), 'POSTGRES_UNAVAILABLE', 'SQLSTATE 57P03'],
  ['a statement timeout', coded('57014'), 'POSTGRES_UNAVAILABLE', 'SQLSTATE 57014'],
  ['too many connections', coded('53300'), 'POSTGRES_UNAVAILABLE', 'SQLSTATE 53300'],
  ['a full disk', coded('53100'), 'POSTGRES_UNAVAILABLE', 'SQLSTATE 53100'],
  ['a read-only standby', coded('25006'), 'POSTGRES_UNAVAILABLE', 'SQLSTATE 25006'],
  ['a deadlock', coded('40P01'), 'POSTGRES_UNAVAILABLE', 'SQLSTATE 40P01'],
  ['a serialization failure', coded('40001'), 'POSTGRES_UNAVAILABLE', 'SQLSTATE 40001'],
  ['a lock that is not given', coded('55P03'), 'POSTGRES_UNAVAILABLE', 'SQLSTATE 55P03'],
  ['a wrong password', coded('28P01'), 'POSTGRES_NOT_AUTHORISED', 'SQLSTATE 28P01'],
  [
    'a password that is not there',
    new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'),
    'POSTGRES_NOT_AUTHORISED',
    'password',
  ],
  ['a missing grant', coded('42501'), 'POSTGRES_NOT_AUTHORISED', 'SQLSTATE 42501'],
  ['a missing table', coded('42P01'), 'POSTGRES_NOT_MIGRATED', 'SQLSTATE 42P01'],
  ['a text that is not a number', coded('22P02'), 'INTERNAL', 'SQLSTATE 22P02'],
  ['a broken rule of the table', coded('23505'), 'INTERNAL', 'SQLSTATE 23505'],
  ['a bug', new TypeError('canary-7f3a is not a function'), 'INTERNAL', 'postgres'],
  [
    'a bug that has a code',
    Object.assign(new TypeError('canary-7f3a'), { code: 'ERR_INVALID_ARG_TYPE' }),
    'INTERNAL',
    'postgres',
  ],
  ['a code that could be data', coded('canary-7f3a'), 'INTERNAL', 'postgres'],
  ['something that is no error', 'canary-7f3a', 'INTERNAL', 'postgres'],
]
test.each(cases)('%s is told by its code alone', (_what, error, code, path) => {
  const ours = postgresError(error)
  expect(ours).toMatchObject({ code, where: { path } })
  expect(ours.cause).toBeUndefined()
  expect(`${ours.stack} ${JSON.stringify(ours)}`).not.toContain('canary')
})

test('an error of ours stays as it is', () => {
  const ours = new ScrimError('POLICY_CONFLICT')
  expect(postgresError(ours)).toBe(ours)
})
