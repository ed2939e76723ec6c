import { expect, test } from 'vitest'
import type { MaskedBatch, RawBatch, SealedRecord } from '../../src/pipeline/batch.ts'
import { createTransform } from '../../src/pipeline/transform.ts'

/** What a sink takes, and what dead letters take. The compiler is the test: `tsc` fails where one of the errors goes away. */
declare const publish: (batch: MaskedBatch) => void
declare const park: (record: SealedRecord) => void
declare const raw: RawBatch
declare const masked: MaskedBatch

const cannotBeWritten = (): void => {
  // @ts-expect-error raw bytes are not a MaskedBatch
  publish(raw)
  // @ts-expect-error nor are they with a view and a topic added
  publish({ ...raw, view: 'public', sources: new Int32Array() })
  // @ts-expect-error nor is anything that merely looks like one
  publish({
    view: '',
    topic: '',
    partition: 0,
    count: 0,
    bytes: raw.bytes,
    spans: raw.spans,
    timestamps: raw.timestamps,
    sources: new Int32Array(),
  })
  // @ts-expect-error raw bytes are not sealed
  park({ bytes: raw.bytes, keyId: 'k', bucket: '2026-11' })
  // @ts-expect-error a masked record is no dead letter
  park(masked)
  publish(masked)
}

test('only the transform makes a MaskedBatch', () => {
  // Never called: it is there for the compiler.
  expect(cannotBeWritten).toBeTypeOf('function')
  const [batch] = createTransform()({ ...emptyBatch }, { topic: 't', views: [] }).masked
  expect(batch).toBeUndefined()
})

const emptyBatch: RawBatch = {
  topic: 't',
  partition: 0,
  partitions: 1,
  count: 0,
  bytes: Buffer.alloc(0),
  spans: new Int32Array(),
  timestamps: new Float64Array(),
  offsets: new BigInt64Array(),
}
