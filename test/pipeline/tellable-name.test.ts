import { expect, test } from 'vitest'
import { placedName, tellableName } from '../../src/pipeline/tellable-name.ts'

test.each([
  '',
  'nickname',
  'नाम',
  'आधार_संख्या',
  'आधार_id',
  'straße',
  '氏名カナ',
  'address_line_2',
  'fy_2024_25',
  'fy_2024_2025',
  'income-band-2024',
  '__op',
  '_id',
  '$oid',
  'temp#1',
  'utf8mb4',
  'h264',
  'lastSeenAt',
  'x'.repeat(63),
])('tells the ordinary name %j', name => {
  expect(tellableName(name)).toBe(name)
})

test.each([
  ['an Aadhaar number', '234567890121'],
  ['an Aadhaar number in groups', ' 2345-6789-0121'],
  ['an Aadhaar number behind a letter', 'a2345-6789-0121'],
  ['an Aadhaar number with underscores', 'a_2345_6789_0121'],
  ['an Aadhaar number in Devanagari', 'अ२३४५६७८९०१२१'],
  ['a phone number', 'p98-765-43210'],
  ['a number behind other signs', 'x#1-2$3--4#5'],
  ['a person', 'Asha Sharma'],
  ['a person with a space that does not break', 'Asha\u00a0Sharma'],
  ['a person over two lines', 'Asha\nSharma'],
  ['a login', 'asha.sharma'],
  ['an e-mail address', 'asha@example.in'],
  ['a path', 'files/asha'],
  ['a date', 'd1990-01-05'],
  ['a PAN', 'ABCDE1234F'],
  ['a passport', 'Z1234567'],
  ['a UUID', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['a token', 'a1b2c3d4e5f6a7b8c9'],
  ['two scripts in one word', 'n\u0430me'],
  ['two scripts, the other way round', '\u0430me'],
  ['what cannot be seen', 'na\u200bme'],
  ['text that runs the other way', 'na\u202eme'],
  ['a mark alone', '\u0301'],
  ['what is too long', 'x'.repeat(64)],
  ['what is too long behind signs', `${'_'.repeat(70)}a`],
])('does not tell %s', (_what, name) => {
  expect(tellableName(name)).toBe('?')
})

test('tells the place of what it does not tell', () => {
  expect(placedName(tellableName('Asha Sharma'), 7)).toBe('?[7]')
  expect(placedName(tellableName('nickname'), 7)).toBe('nickname')
})
