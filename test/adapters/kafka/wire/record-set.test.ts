import fc from 'fast-check'
import { expect, test } from 'vitest'
import { codecs } from '../../../../src/adapters/kafka/codecs.ts'
import {
  keepsTimestamps,
  recordsWithin,
  Scratch,
  writeRecordBatch,
} from '../../../../src/adapters/kafka/wire/record-batch.ts'
import { readRecords } from '../../../../src/adapters/kafka/wire/record-set.ts'
import { endOf, UnreadableRecords } from '../../../../src/adapters/kafka/wire/whole-batches.ts'
import { HEADERS_END, HEADERS_START, layOut, SPANS_PER_RECORD, type RawBatch } from '../../../../src/pipeline/batch.ts'
import { encodeHeaders, type Header, readHeaders } from '../../../../src/pipeline/headers.ts'

interface Line {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly Header[]
  readonly timestamp: number
}

function recordsOf(lines: readonly Line[]) {
  const parts = lines.flatMap(({ key, value, headers }) => [
    key,
    value,
    headers.length === 0 ? null : encodeHeaders(headers),
  ])
  return { ...layOut(parts), timestamps: Float64Array.from(lines, ({ timestamp }) => timestamp) }
}

function linesOf(batch: RawBatch): Line[] {
  return Array.from({ length: batch.count }, (_, n) => {
    const part = (at: number): Buffer | null => {
      const start = batch.spans[n * SPANS_PER_RECORD + at] as number
      return start < 0 ? null : Buffer.from(batch.bytes.subarray(start, batch.spans[n * SPANS_PER_RECORD + at + 1]))
    }
    const span = n * SPANS_PER_RECORD
    return {
      key: part(0),
      value: part(2),
      headers: readHeaders(
        batch.bytes,
        batch.spans[span + HEADERS_START] as number,
        batch.spans[span + HEADERS_END] as number,
      ).map(({ name, value }) => ({
        name,
        value: value === null ? null : Buffer.from(value),
      })),
      timestamp: batch.timestamps[n] as number,
    }
  })
}

const readAll = (...args: Parameters<typeof readRecords>): RawBatch[] => [...readRecords(...args)]

const scratch = new Scratch()
const identity = { producerId: 7n, epoch: 0 }
const place = { topic: 't', partition: 3, partitions: 4 }
const wide = { records: 10_000, bytes: 1 << 30 }

/** As the broker keeps it: with its own base offset. */
function stored(lines: readonly Line[], baseOffset: bigint, codec = codecs.none): Buffer {
  const batch = writeRecordBatch(recordsOf(lines), 0, lines.length, identity, 0, codec, scratch)
  batch.writeBigInt64BE(baseOffset, 0)
  return batch
}

const bytes = fc.option(
  fc.uint8Array({ maxLength: 40 }).map(array => Buffer.from(array)),
  { nil: null },
)
const line: fc.Arbitrary<Line> = fc.record({
  key: bytes,
  value: bytes,
  headers: fc.array(fc.record({ name: fc.string({ maxLength: 8, unit: 'grapheme' }), value: bytes }), { maxLength: 4 }),
  timestamp: fc.integer({ min: 0, max: 4_000_000_000_000 }),
})
const codec = fc.constantFrom(...Object.values(codecs))

test('what is written is read again: every byte, null and empty apart, headers in order with repeats, whatever the codecs', () => {
  const batches = fc.array(fc.tuple(fc.array(line, { minLength: 1, maxLength: 20 }), codec), {
    minLength: 1,
    maxLength: 4,
  })
  fc.assert(
    fc.property(batches, fc.integer({ min: 1, max: 8 }), (parts, most) => {
      let base = 100n
      const set = Buffer.concat(
        parts.map(([lines, one]) => {
          const batch = stored(lines, base, one)
          base += BigInt(lines.length)
          return batch
        }),
      )
      expect(endOf(set, 100n)).toBe(base)
      const pieces = [...readRecords(set, 100n, [], place, { records: most, bytes: 200 })]
      expect(pieces.flatMap(linesOf)).toEqual(parts.flatMap(([lines]) => lines))
      expect(pieces.flatMap(piece => [...piece.offsets])).toEqual(
        Array.from({ length: Number(base) - 100 }, (_, n) => BigInt(n) + 100n),
      )
      expect(pieces.every(({ count }) => count <= most)).toBe(true)
    }),
    { numRuns: 300 },
  )
})

const simple = (value: string): Line => ({
  key: Buffer.from('k'),
  value: Buffer.from(value),
  headers: [],
  timestamp: 1,
})
const values = (pieces: readonly RawBatch[]): string[] => pieces.flatMap(linesOf).map(({ value }) => String(value))

test('records before the fetch offset are left out, and a batch that is cut off is not read', () => {
  const set = Buffer.concat([stored([simple('a'), simple('b')], 10n), stored([simple('c')], 12n)])
  expect(values(readAll(set, 11n, [], place, wide))).toEqual(['b', 'c'])
  expect(values(readAll(set.subarray(0, set.length - 1), 10n, [], place, wide))).toEqual(['a', 'b'])
  expect(endOf(set.subarray(0, set.length - 1), 10n)).toBe(12n)
})

test('a batch whose end was compacted away, or of which nothing is left, is passed', () => {
  const tail = stored([simple('a')], 10n)
  tail.writeInt32BE(4, 23) // last offset delta: 11 to 14 were compacted away
  const empty = Buffer.from(stored([simple('b')], 15n).subarray(0, 61))
  empty.writeInt32BE(61 - 12, 8)
  empty.writeInt32BE(0, 57)
  expect(endOf(tail, 10n)).toBe(15n)
  expect(endOf(empty, 15n)).toBe(16n)
  expect(values(readAll(Buffer.concat([tail, empty]), 10n, [], place, wide))).toEqual(['a'])
})

test('aborted transactions are left out until their marker, those of other producers and later ones are not', () => {
  const transactional = (value: string, offset: bigint, producer: bigint): Buffer => {
    const batch = stored([simple(value)], offset)
    batch.writeInt16BE(0x10, 21)
    batch.writeBigInt64BE(producer, 43)
    return batch
  }
  const marker = (offset: bigint, producer: bigint, type: number): Buffer => {
    const key = Buffer.alloc(4)
    key.writeInt16BE(type, 2)
    const batch = stored([{ key, value: Buffer.alloc(6), headers: [], timestamp: 1 }], offset)
    batch.writeInt16BE(0x30, 21)
    batch.writeBigInt64BE(producer, 43)
    return batch
  }
  const set = Buffer.concat([
    transactional('aborted', 0n, 1n),
    transactional('of another', 1n, 2n),
    marker(2n, 1n, 0),
    transactional('later', 3n, 1n),
    marker(4n, 1n, 1),
    marker(5n, 2n, 1),
  ])
  expect(values(readAll(set, 0n, [{ producerId: 1n, firstOffset: 0n }], place, wide))).toEqual(['of another', 'later'])
  expect(endOf(set, 0n)).toBe(6n)
})

test('150,000 records in one batch are read', () => {
  const lines = Array.from({ length: 150_000 }, () => simple('v'))
  const pieces = readAll(stored(lines, 0n), 0n, [], place, { records: 2_000, bytes: 1 << 22 })
  expect(pieces).toHaveLength(75)
  expect(pieces.at(-1)?.offsets.at(-1)).toBe(149_999n)
})

/** What comes before the damage, and where that is. */
function readUpTo(set: Buffer, from: bigint): { readonly read: string[]; readonly at: bigint | null } {
  const read: string[] = []
  try {
    for (const piece of readRecords(set, from, [], place, wide)) read.push(...values([piece]))
    return { read, at: null }
  } catch (error) {
    if (!(error instanceof UnreadableRecords)) throw error
    expect(error.message).toBe('')
    return { read, at: error.offset }
  }
}

const damages: [name: string, damage: (batch: Buffer) => void][] = [
  ['cannot be unpacked', batch => batch.fill(0xff, 61)],
  ['is of an older format', batch => batch.writeInt8(1, 16)],
  ['is shorter than a header', batch => batch.writeInt32BE(-12, 8)],
  ['names a codec that Kafka does not have', batch => batch.writeInt16BE(7, 21)],
  ['claims more records than it has', batch => batch.writeInt32BE(2 ** 31 - 1, 57)],
  ['claims less than none', batch => batch.writeInt32BE(-5, 57)],
]
test.each(damages)('a batch that %s: all before it is read, and it is told where it begins', (_name, damage) => {
  for (const one of [codecs.zstd, codecs.none]) {
    const bad = stored([simple('secret'), simple('secret')], 12n, one)
    damage(bad)
    // Two before it, of which the second ended in offsets that were compacted away.
    const tail = stored([simple('b')], 10n)
    tail.writeInt32BE(1, 23)
    const good = Buffer.concat([stored([simple('a')], 9n), tail])
    const set = Buffer.concat([good, bad, stored([simple('c')], 14n)])
    expect(readUpTo(set, 9n)).toEqual({ read: ['a', 'b'], at: 12n })
    expect(readUpTo(set.subarray(good.length), 12n)).toEqual({ read: [], at: 12n })
    expect(endOf(set, 9n)).toBeGreaterThanOrEqual(12n)
  }
})

test('bytes that begin with no record batch have no end', () => {
  const old = stored([simple('secret')], 0n)
  old.writeInt8(1, 16)
  expect(() => endOf(old, 0n)).toThrow(new UnreadableRecords(0n))
})

test('whatever is damaged, it is read or told, and nothing else', () => {
  const set = Buffer.concat([
    stored([simple('a'), simple('b')], 0n),
    stored([simple('c')], 2n, codecs.gzip),
    stored([simple('d')], 3n),
  ])
  const changes = fc.array(fc.tuple(fc.nat(set.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(changes, some => {
      const damaged = Buffer.from(set)
      for (const [at, byte] of some) damaged[at] = byte
      readUpTo(damaged, 0n)
      try {
        endOf(damaged, 0n)
      } catch (error) {
        expect(error).toBeInstanceOf(UnreadableRecords)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('requests hold as many records as fit, and one that does not fit alone', () => {
  const records = recordsOf([simple('x'.repeat(100)), simple('x'.repeat(100)), simple('x'.repeat(1000))])
  expect(recordsWithin(records, 0, 300)).toBe(2)
  expect(recordsWithin(records, 2, 300)).toBe(1)
})

test('timestamps as far apart as a batch keeps them are read as they were written; others, and those that are not exact, are not for one batch', () => {
  const at = (timestamp: number): Line => ({ ...simple('a'), timestamp })
  const far = 2 ** 50
  const kept = [at(-1), at(0), at(-far), at(far), at(1_700_000_000_123)]
  expect(keepsTimestamps(recordsOf(kept), 0, 5)).toBe(true)
  const read = readAll(stored(kept, 0n), 0n, [], place, wide).flatMap(linesOf)
  expect(read.map(({ timestamp }) => timestamp)).toEqual(kept.map(({ timestamp }) => timestamp))

  const last = Number.MAX_SAFE_INTEGER
  for (const timestamp of [last, -last])
    expect(readAll(stored([at(timestamp)], 0n), 0n, [], place, wide)[0]?.timestamps[0]).toBe(timestamp)
  const apart = recordsOf([at(-last), at(last), at(2 ** 63)])
  expect([0, 1, 2].map(n => keepsTimestamps(apart, n, n + 1))).toEqual([true, true, false])
  expect(keepsTimestamps(apart, 0, 2)).toBe(false)
})

test('a difference of timestamps that a double does not hold is not taken for another one', () => {
  const batch = stored([{ ...simple('a'), timestamp: 0 }], 0n)
  // Length, attributes, then the difference: ten bytes for 2^62 in place of one.
  const delta = [...Array.from({ length: 8 }, () => 0x80), 0x80, 0x01]
  const body = Buffer.concat([batch.subarray(0, 63), Buffer.from(delta), batch.subarray(64)])
  body[61]! += 18
  body.writeInt32BE(body.length - 12, 8)
  const [read] = readAll(body, 0n, [], place, wide)
  expect(Number.isSafeInteger(read?.timestamps[0])).toBe(false)
})
