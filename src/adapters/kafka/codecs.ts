import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { crc32c, lz4Compress, lz4Decompress, snappyCompress, snappyDecompress } from '@platformatic/wasm-utils'
import kafkajs from 'kafkajs'

// Of this CommonJS package Node sees only some names as exports; these it does not.
const { CompressionCodecs, CompressionTypes } = kafkajs

/** Kafka's codecs, synchronous: for batches of up to some MB that is cheaper than a thread pool's hops. */
export interface Codec {
  /** Its number in a record batch's attributes. */
  readonly id: number
  readonly compress: (bytes: Buffer) => Buffer
  readonly decompress: (bytes: Buffer) => Buffer
}

export type CodecName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** A batch that unpacks to more than this is an attack or an accident; Kafka's own limit of a batch is 2 GB. */
const MAX_UNPACKED_BYTES = 1 << 30

// zlib puts its output together from pieces of 16 KB unless told otherwise; in one piece it needs no copy.
const half = ({ length }: Buffer): number => Math.max(16_384, length >> 1)
const manifold = ({ length }: Buffer): number => Math.min(4 * 1024 * 1024, Math.max(16_384, length * 16))

const same = (bytes: Buffer): Buffer => bytes

export const codecs: Readonly<Record<CodecName, Codec>> = {
  none: { id: 0, compress: same, decompress: same },
  gzip: {
    id: 1,
    compress: bytes => gzipSync(bytes, { level: 1, chunkSize: half(bytes) }),
    decompress: bytes => gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES, chunkSize: manifold(bytes) }),
  },
  snappy: {
    id: 2,
    compress: bytes => snappyCompress(bytes),
    decompress: unsnappy,
  },
  lz4: {
    id: 3,
    compress: bytes => lz4Compress(bytes),
    decompress: bytes => lz4Decompress(bytes),
  },
  zstd: {
    id: 4,
    // Level 1 packs Debezium's JSON 14:1 at over 1 GB/s; higher levels gain little.
    compress: bytes =>
      zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: half(bytes) }),
    decompress: bytes => zstdDecompressSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES, chunkSize: manifold(bytes) }),
  },
}

const byId = new Map(Object.values(codecs).map(codec => [codec.id, codec]))

/** Undefined for a number that Kafka does not have. */
export const codecById = (id: number): Codec | undefined => byId.get(id)

/** CRC-32C as in record batches. */
export const checksum = (bytes: Buffer): number => crc32c(bytes)

/** Makes kafkajs' own consumers and producers know all codecs: without one, a single compressed batch kills a consumer for good. */
export function registerCodecs(): void {
  const missing = [
    [CompressionTypes.Snappy, codecs.snappy],
    [CompressionTypes.LZ4, codecs.lz4],
    [CompressionTypes.ZSTD, codecs.zstd],
  ] as const
  for (const [type, codec] of missing) {
    CompressionCodecs[type] = () => ({
      compress: async (encoder: { readonly buffer: Buffer }) => codec.compress(encoder.buffer),
      decompress: async (bytes: Buffer) => codec.decompress(bytes),
    })
  }
}

/** The Java client wraps snappy blocks in the framing of the xerial library; librdkafka writes bare blocks. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_HEADER_BYTES = 16

function unsnappy(bytes: Buffer): Buffer {
  if (bytes.length < XERIAL_HEADER_BYTES || !bytes.subarray(0, XERIAL.length).equals(XERIAL))
    return snappyDecompress(bytes)
  const blocks: Buffer[] = []
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length; ) {
    const size = bytes.readInt32BE(at)
    blocks.push(snappyDecompress(bytes.subarray(at + 4, at + 4 + size)))
    at += 4 + size
  }
  return Buffer.concat(blocks)
}
