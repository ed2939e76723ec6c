import { snappyCompress } from '@platformatic/wasm-utils'
import { expect, test } from 'vitest'
import { codecById, codecs } from '../../../src/adapters/kafka/codecs.ts'

const text = Buffer.from('a record, a record, a record '.repeat(5_000))

test.each(Object.entries(codecs))('%s gives back what it packed', (name, codec) => {
  const packed = codec.compress(text)
  if (name !== 'none') expect(packed.length).toBeLessThan(text.length / 4)
  expect(codec.decompress(packed).equals(text)).toBe(true)
  expect(codecById(codec.id)).toBe(codec)
})

test("snappy reads the blocks of Java's framing", () => {
  const header = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])
  const blocks = [text.subarray(0, 32_768), text.subarray(32_768)].flatMap(block => {
    const packed = snappyCompress(block)
    const size = Buffer.alloc(4)
    size.writeInt32BE(packed.length)
    return [size, packed]
  })
  expect(codecs.snappy.decompress(Buffer.concat([header, ...blocks])).equals(text)).toBe(true)
})
