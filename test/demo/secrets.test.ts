import { expect, test } from 'vitest'
import { findTable } from '../../compose/demo/expected.ts'
import { findSecrets, secretsOf } from '../../compose/demo/secrets.ts'

const golden = findTable('golden_records')
const row = {
  aadhaar_number: '2345-6789-0121',
  annual_income: '245000.50',
  address_line1: 'मकान नं. 9',
  full_name: 'Asha Devi',
}
const secrets = secretsOf(golden, [row])
const profile = { bank_accounts: '[{"bank":"State Bank","account":"000010417556231"}]' }

test.each([
  ['as it is', 'x 2345-6789-0121 y', 'aadhaar_number'],
  ['its digits alone', '{"n":234567890121}', 'aadhaar_number'],
  ['in base64', `a ${Buffer.from('2345-6789-0121').toString('base64')} b`, 'aadhaar_number'],
  ['in hexadecimal', Buffer.from('2345-6789-0121').toString('hex'), 'aadhaar_number'],
  ['as the bytes of a decimal', '{"annual_income":"AXXXUg=="}', 'annual_income'],
  ['Devanagari with escapes', '\\u092e\\u0915\\u093e\\u0928 \\u0928\\u0902. 9', 'address_line1'],
  ['Devanagari in a URL', `?q=${encodeURIComponent('मकान नं. 9')}`, 'address_line1'],
])('a protected value is found %s', (_how, text, column) => {
  expect(findSecrets(text, secrets)).toEqual([`golden_records.${column}`])
})

test('texts inside a JSON column are protected one by one', () => {
  const found = findSecrets('account 000010417556231', secretsOf(findTable('profile_360'), [profile]))
  expect(found).toEqual(['profile_360.bank_accounts'])
})

test('what is masked or may pass is not found', () => {
  expect(findSecrets('********0121 -1.00 nA== **** Asha Devi', secrets)).toEqual([])
})
