import { createHash } from 'node:crypto'
import { transform } from '../../engine.ts'
import type { ErrorCode } from '../../errors.ts'
import { Unreadable } from '../../pipeline/decode/scanner.ts'
import { flattenedMetadata, shapeByMembers } from '../../pipeline/decode/record-shapes.ts'
import { member, type Node, parseTree } from '../../pipeline/decode/tree.ts'
import type { Plan } from '../../pipeline/plan.ts'
import type { RecordLine } from '../../pipeline/record-line.ts'
import type { SeenSchema } from '../../services/ports/policies.ts'
import { readRecords } from '../record-files.ts'

export type Part = 'key' | 'value'

/** What was learnt of a topic without any policy: its schema blocks in the order they were met first, or names of columns where there is none. */
export interface TopicSample {
  readonly topic: string
  readonly blocks: Readonly<Record<Part, Map<string, Buffer>>>
  /** As the records spell them: beware, a value may have been used as a name. */
  readonly names: Readonly<Record<Part, Set<string>>>
}

/** Topics by name. */
export interface Samples {
  readonly topics: ReadonlyMap<string, TopicSample>
  /** Lines that are no records, by number. */
  readonly faults: readonly { readonly number: number; readonly problem: string }[]
}

/** Learns the schemas of sample records and of those that running instances have met. */
export async function learnSamples(files: readonly string[], stored: readonly SeenSchema[]): Promise<Samples> {
  const topics = new Map<string, TopicSample>()
  const sampleOf = (topic: string): TopicSample => {
    const known = topics.get(topic)
    if (known !== undefined) return known
    const sample = {
      topic,
      blocks: { key: new Map(), value: new Map() },
      names: { key: new Set<string>(), value: new Set<string>() },
    }
    topics.set(topic, sample)
    return sample
  }
  for (const { topic, part, bytes } of stored) addBlock(sampleOf(topic).blocks[part], bytes)
  const faults: { number: number; problem: string }[] = []
  for await (const line of readRecords(files)) {
    if ('problem' in line) faults.push(line)
    else {
      const sample = sampleOf(line.record.topic)
      learnPart(sample, 'key', bytesOf(line.record.key))
      learnPart(sample, 'value', bytesOf(line.record.value))
    }
  }
  return { topics, faults }
}

function learnPart({ topic, blocks, names }: TopicSample, part: Part, bytes: Buffer | null): void {
  if (bytes === null || startsWithKnown(bytes, blocks[part])) return
  try {
    const root = parseTree(bytes, 0, bytes.length)
    const schema = member(root, 'schema')
    const payload = member(root, 'payload')
    if (payload !== undefined && schema?.kind === 'object')
      addBlock(blocks[part], bytes.subarray(schema.start, schema.end))
    else
      for (const name of columnNames(topic, part, schema?.text === 'null' && payload !== undefined ? payload : root))
        names[part].add(name)
  } catch (error) {
    // What cannot be read is told when the records go through the engine.
    if (!(error instanceof Unreadable)) throw error
  }
}

const beforeSchema = Buffer.from('{"schema":')

/** Nearly all records repeat the block of the one before: those need no reading. */
function startsWithKnown(bytes: Buffer, known: ReadonlyMap<string, Buffer>): boolean {
  const from = beforeSchema.length
  if (known.size === 0 || !bytes.subarray(0, from).equals(beforeSchema)) return false
  return [...known.values()].some(block => bytes.subarray(from, from + block.length).equals(block))
}

/** In the order in which they were met first: the newest version of a table comes last, and its types count. */
function addBlock(blocks: Map<string, Buffer>, bytes: Buffer): void {
  const digest = createHash('sha256').update(bytes).digest('hex')
  if (!blocks.has(digest)) blocks.set(digest, Buffer.from(bytes))
}

/** The columns of a record without a schema block; none where it is no row. */
function columnNames(topic: string, part: Part, root: Node): string[] {
  const namesOf = (node: Node | undefined): string[] => node?.members.map(({ name }) => name) ?? []
  if (part === 'key') return namesOf(root)
  const shape = shapeByMembers(topic, new Set(namesOf(root)))
  if (shape === 'event') return [...new Set([...namesOf(member(root, 'after')), ...namesOf(member(root, 'before'))])]
  return shape === 'row' ? namesOf(root).filter(name => !flattenedMetadata.has(name)) : []
}

function bytesOf(value: RecordLine['value']): Buffer | null {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.from(JSON.stringify(value))
}

/** What became of the records of one topic under one view. */
export interface Tally {
  published: number
  readonly dropped: Map<string, number>
  readonly rejected: Map<string, { readonly code: ErrorCode; readonly path: string; count: number }>
}

const CHUNK = 500

export const tallyId = (topic: string, view: string): string => `${topic} ${view}`

/** Runs the records through the engine as a live run would; counts only, by `tallyId`. */
export async function tallyRecords(files: readonly string[], plan: Plan): Promise<ReadonlyMap<string, Tally>> {
  const tallies = new Map<string, Tally>()
  let pending: RecordLine[] = []
  const flush = (): void => {
    for (const outcome of transform(pending, plan, Date.now)) {
      const id = tallyId(outcome.source.topic, 'view' in outcome ? outcome.view : '')
      const tally = tallies.get(id) ?? { published: 0, dropped: new Map(), rejected: new Map() }
      tallies.set(id, tally)
      if (outcome.outcome === 'publish') tally.published++
      else if (outcome.outcome === 'drop')
        tally.dropped.set(outcome.reason, (tally.dropped.get(outcome.reason) ?? 0) + 1)
      else {
        const path = imageless(outcome.where)
        const found = tally.rejected.get(`${outcome.code} ${path}`) ?? { code: outcome.code, path, count: 0 }
        found.count++
        tally.rejected.set(`${outcome.code} ${path}`, found)
      }
    }
    pending = []
  }
  for await (const line of readRecords(files)) {
    if ('record' in line && pending.push(line.record) >= CHUNK) flush()
  }
  flush()
  return tallies
}

/** `before` has the columns of `after`: one of the two is enough to read. */
const imageless = (path: string): string => path.replace(/^before\./, 'after.')

/** The tally in words. */
export function tallyText({ published, dropped, rejected }: Tally): string {
  const held = [...rejected.values()].reduce((sum, { count }) => sum + count, 0)
  const drops = [...dropped].map(([reason, count]) => `${count} dropped (${reason})`)
  return [`${published} published`, ...drops, ...(held === 0 ? [] : [`${held} not published`])].join(', ')
}
