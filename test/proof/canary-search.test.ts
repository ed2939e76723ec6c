import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createCanaryBook, searchCanaries } from '../support/proof/canaries.ts'

const book = createCanaryBook(11)
const marker = book.text('here')
const hindi = book.devanagari('there')
const decimal = book.decimal('income')
const day = book.day('born')
const bytes = Buffer.from(marker)

const spellings: [name: string, text: string | Buffer][] = [
  ['as it is', marker],
  ['six characters of it', marker.slice(5, 11)],
  ['base64, first alignment', bytes.toString('base64')],
  ['base64, second alignment', Buffer.concat([Buffer.from('x'), bytes, Buffer.from('yz')]).toString('base64')],
  ['base64, third alignment', Buffer.concat([Buffer.from('xy'), bytes, Buffer.from('z')]).toString('base64')],
  ['base64url', Buffer.concat([Buffer.from('~~'), bytes]).toString('base64url')],
  ['hex', bytes.toString('hex')],
  ['MD5', createHash('md5').update(bytes).digest('hex')],
  ['SHA-1 in base64', createHash('sha1').update(bytes).digest('base64')],
  ['SHA-256 as bytes', createHash('sha256').update(bytes).digest()],
  ['escaped', [...hindi].map(one => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')],
  ['in a URL', encodeURIComponent(hindi)],
  ['a decimal in base64', decimal],
  [
    'a decimal with its point',
    `${BigInt(`0x${Buffer.from(decimal, 'base64').toString('hex')}`)}`.replace(/(..)$/, '.$1'),
  ],
  ['a day number', day],
]

test.each(spellings)('a canary is found %s', (_, text) => {
  const output = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(text as Buffer), Buffer.from('"}')])
  expect(searchCanaries(book.canaries, [{ channel: 'log', bytes: output }])).not.toEqual([])
})

test('what partial masks show is no canary, and the finding does not tell it', () => {
  const masked = Buffer.from(`${'*'.repeat(12)}${marker.slice(-4)} ${marker.slice(0, 5)}`)
  expect(searchCanaries(book.canaries, [{ channel: 'log', bytes: masked }])).toEqual([])
  const found = searchCanaries(book.canaries, [{ channel: 'log', bytes }])
  expect(found).toContain('log: here as text')
  expect(found.join()).not.toContain(marker.slice(0, 6))
})
