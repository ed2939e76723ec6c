import { createHash } from 'node:crypto'
import { createRandom } from '../random.ts'

/** Markers that stand for values which must not get out, and every spelling in which they could. */
export interface CanaryBook {
  /** Random letters and digits: no six of them in a row turn up by chance. */
  text(place: string): string
  /** Devanagari, so that escapes matter. */
  devanagari(place: string): string
  /** Eighteen digits that fit an int64. */
  int64(place: string): string
  /** Days since 1970 of a date in a far year, so that the number is told from others. */
  day(place: string): string
  /** A decimal of scale 2 as Debezium writes it: base64. */
  decimal(place: string): string
  double(place: string): string
  readonly canaries: readonly Canary[]
}

export interface Canary {
  /** Where it was put: shape and column. */
  readonly place: string
  /** Each as bytes; any of them in an output is a leak. */
  readonly needles: ReadonlyMap<string, string>
}

const letters = 'QZXJKVWqzxjkvwGHYghy2357'
const shortest = 6

export function createCanaryBook(seed: number): CanaryBook {
  const random = createRandom(seed)
  const some = (alphabet: string, length: number): string =>
    Array.from({ length }, () => alphabet[random.below(alphabet.length)]).join('')
  const canaries: Canary[] = []
  const keep = (place: string, ...spellings: readonly (readonly [string, Buffer | string])[]): void => {
    const needles = new Map<string, string>()
    for (const [name, bytes] of spellings) {
      // Byte by byte, as the haystacks are read.
      const needle = Buffer.from(bytes as Buffer).toString('latin1')
      if (!needles.has(needle)) needles.set(needle, name)
    }
    canaries.push({ place, needles })
  }
  return {
    canaries,
    text: place => {
      const marker = some(letters, 16)
      const parts = Array.from({ length: marker.length - shortest + 1 }, (_, n) => marker.slice(n, n + shortest))
      keep(place, ...spellingsOf(marker), ...parts.map(part => ['part', part] as const))
      return marker
    },
    devanagari: place => {
      const marker = some('कखगघचछजझटठडढतथदधनपफबभमयरलवशषसह', 10)
      const parts = Array.from({ length: marker.length - shortest + 1 }, (_, n) => marker.slice(n, n + shortest))
      keep(place, ...spellingsOf(marker), ...parts.map(part => ['part', part] as const))
      return marker
    },
    int64: place => {
      const marker = `8${some('0123456789', 17)}`
      keep(place, ['ten digits', marker.slice(0, 10)], ['ten digits', marker.slice(-10)], ...spellingsOf(marker))
      return marker
    },
    day: place => {
      const days = 2_800_000 + random.below(90_000)
      keep(place, ['day number', String(days)], ['date', new Date(days * 86_400_000).toISOString().slice(1, 13)])
      return String(days)
    },
    decimal: place => {
      const unscaled = Buffer.from(
        Array.from({ length: 12 }, (_, n) => (n === 0 ? 1 + random.below(120) : random.below(256))),
      )
      const digits = String(BigInt(`0x${unscaled.toString('hex')}`))
      const point = `${digits.slice(0, -2)}.${digits.slice(-2)}`
      keep(
        place,
        ['bytes', unscaled],
        ['hex', unscaled.toString('hex')],
        ['base64', unscaled.toString('base64')],
        ['unscaled', digits],
        ['decimal', point],
        ...digestsOf(unscaled),
      )
      return unscaled.toString('base64')
    },
    double: place => {
      const marker = `0.${1 + random.below(9)}${some('123456789', 14)}`
      keep(place, ['digits', marker.slice(2, 14)], ...spellingsOf(marker))
      return marker
    },
  }
}

/** All of a text: as it is, and as others write or digest it. */
export function spellingsOf(text: string): (readonly [string, Buffer | string])[] {
  const bytes = Buffer.from(text)
  const escaped = [...text].map(one => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
  const percent = [...bytes].map(byte => `%${byte.toString(16).padStart(2, '0')}`).join('')
  return [
    ['text', bytes],
    ['hex', bytes.toString('hex')],
    ['hex', bytes.toString('hex').toUpperCase()],
    ['\\u', escaped],
    ['\\u', escaped.toUpperCase().replaceAll('\\U', '\\u')],
    ['\\u twice', escaped.replaceAll('\\', '\\\\')],
    ['url', percent],
    ['url', percent.toUpperCase()],
    ['url', encodeURIComponent(text)],
    ['utf-16', Buffer.from(text, 'utf16le')],
    ...base64sOf(bytes).flatMap(one => [
      ['base64', one] as const,
      ['base64url', one.replaceAll('+', '-').replaceAll('/', '_')] as const,
    ]),
    ...digestsOf(bytes),
  ]
}

/** The characters of base64 that depend on these bytes alone, wherever they stand in what was encoded. */
function base64sOf(bytes: Buffer): string[] {
  return [0, 1, 2].map(before => {
    const all = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replaceAll('=', '')
    const from = [0, 2, 3][before] as number
    const whole = Math.floor(((before + bytes.length) * 8) / 6)
    return all.slice(from, whole)
  })
}

function digestsOf(bytes: Buffer): (readonly [string, Buffer | string])[] {
  return ['md5', 'sha1', 'sha256', 'sha512'].flatMap(name => {
    const digest = createHash(name).update(bytes).digest()
    return [
      [name, digest],
      [name, digest.toString('hex')],
      [name, digest.toString('hex').toUpperCase()],
      [name, digest.toString('base64').replaceAll('=', '')],
    ] as const
  })
}

/** Something that came out. */
export interface Output {
  /** `topic w.people.masked`, `table cdc_audit_log`, `log`, `http GET /health`. */
  readonly channel: string
  readonly bytes: Buffer
}

/** Which canary is in which output, in which spelling. Never tells the canary itself. */
export function searchCanaries(canaries: readonly Canary[], outputs: readonly Output[]): string[] {
  // All needles by their first six bytes as a number: one pass over each output, whatever the number of needles.
  const byStart = new Map<number, { readonly needle: string; readonly name: string; readonly place: string }[]>()
  for (const { place, needles } of canaries) {
    for (const [needle, name] of needles) {
      const start = windowAt(Buffer.from(needle, 'latin1'), 0)
      const known = byStart.get(start)
      if (known === undefined) byStart.set(start, [{ needle, name, place }])
      else known.push({ needle, name, place })
    }
  }
  const found = new Set<string>()
  for (const { channel, bytes } of outputs) {
    for (let at = 0; at + shortest <= bytes.length; at++) {
      for (const { needle, name, place } of byStart.get(windowAt(bytes, at)) ?? []) {
        if (bytes.toString('latin1', at, Math.min(bytes.length, at + needle.length)) === needle)
          found.add(`${channel}: ${place} as ${name}`)
      }
    }
  }
  return [...found].sort()
}

const windowAt = (bytes: Buffer, at: number): number => bytes.readUIntBE(at, shortest)
