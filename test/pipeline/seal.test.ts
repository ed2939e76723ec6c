import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchOfLines, rawLine } from '../../src/pipeline/record-line.ts'
import { bucketKey, seal, unseal } from '../../src/pipeline/seal.ts'

const key = bucketKey(createSecretKey(randomBytes(32)), '2026-11')
const base64 = fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes).toString('base64'))
const part = fc.option(base64, { nil: null })
const line = fc.record({
  topic: fc.constant('shop.orders'),
  partition: fc.constant(2),
  offset: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String),
  timestamp: fc.integer({ min: -1, max: 4_000_000_000_000 }).map(String),
  key: part,
  value: part,
  headers: fc.array(fc.tuple(fc.string({ maxLength: 8 }), part), { maxLength: 3 }),
})

test('what is sealed is opened again whole, null and empty apart, and only with its key and its place', () => {
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 3 }), lines => {
      const batch = batchOfLines(lines)
      lines.forEach(({ offset }, n) => {
        const { bytes } = seal(batch, n, key, 'k', '2026-11', randomBytes(12))
        expect(unseal(bytes, key, 'shop.orders', 2, BigInt(offset))).toEqual(rawLine(batch, n))
        expect(unseal(bytes, key, 'shop.orders', 3, BigInt(offset))).toBeNull()
        expect(unseal(bytes, createSecretKey(randomBytes(32)), 'shop.orders', 2, BigInt(offset))).toBeNull()
        const changed = Buffer.from(bytes)
        changed[20]! ^= 1
        expect(unseal(changed, key, 'shop.orders', 2, BigInt(offset))).toBeNull()
      })
    }),
  )
})

test('a letter is as large as its record, whatever is in it', () => {
  const sizeOf = (value: Buffer): number => {
    const batch = batchOfLines([{ topic: 't', key: null, value: value.toString('base64') }])
    return seal(batch, 0, key, 'k', '2026-11', randomBytes(12)).bytes.length
  }
  expect(sizeOf(Buffer.alloc(800_000, 'x'))).toBe(800_000 + 12 + 16 + 21)
  expect(sizeOf(randomBytes(800_000))).toBe(sizeOf(Buffer.alloc(800_000)))
})

test('a letter of before, which was JSON, is opened', () => {
  const batch = batchOfLines([{ topic: 't', partition: 1, offset: 5, key: null, value: { a: 1 } }])
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from('t/1@5'))
  const bytes = [nonce, cipher.update(JSON.stringify(rawLine(batch, 0))), cipher.final(), cipher.getAuthTag()]
  expect(unseal(Buffer.concat(bytes), key, 't', 1, 5n)).toEqual(rawLine(batch, 0))
})
