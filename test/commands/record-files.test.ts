import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { type ReadLine, readRecords } from '../../src/commands/record-files.ts'

async function read(...chunks: (string | Buffer)[]): Promise<ReadLine[]> {
  const lines: ReadLine[] = []
  const input = Readable.from(chunks.map(chunk => Buffer.from(chunk)))
  for await (const line of readRecords([input])) lines.push(line)
  return lines
}

const textOf = (line: ReadLine | undefined, part: 'key' | 'value' = 'value'): string =>
  line !== undefined && 'record' in line ? Buffer.from(String(line.record[part]), 'base64').toString() : 'no record'

const spellings: [name: string, text: string][] = [
  ['a 64-bit number', '{"id":9223372036854775807}'],
  ['a number with more digits than a double holds', '{"amount":0.1000000000000000055511}'],
  ['the spelling of a number', '{"amount":12.50,"e":1E2,"zero":-0}'],
  ['a repeated member', '{"id":1,"id":2}'],
  ['members that look like numbers, in their order', '{"b":1,"2":1,"1":1}'],
  ['__proto__', '{"__proto__":1}'],
  ['escapes', '{"na\\u006de":"\\ud83d\\" \\\\","\\"":[]}'],
  ['nested structure', '{"a":[{"b":[]},[1,2],{}],"c":{":":",}"}}'],
]
test.each(spellings)('%s of a value given as an object reaches the engine as it is', async (_name, text) => {
  const [line] = await read(`{"topic":"t","value":${text},"key":${text},"partition":3}`)
  expect(textOf(line)).toBe(text)
  expect(textOf(line, 'key')).toBe(text)
  expect(line).toMatchObject({ record: { topic: 't', partition: 3 } })
})

test('white space between tokens does not count, white space in strings does', async () => {
  const [line] = await read('{ "topic" : "t" , "value" : { "a b" : [ 1 , " x \\t" ] } }')
  expect(textOf(line)).toBe('{"a b":[1," x \\t"]}')
})

test('base64, null and what is left out stay as they are', async () => {
  expect(await read('{"topic":"t","key":null,"value":"e30="}\n{"topic":"t"}')).toEqual([
    { number: 1, record: { topic: 't', key: null, value: 'e30=' } },
    { number: 2, record: { topic: 't' } },
  ])
})

test('a member of the record itself that is repeated is refused, however it is spelled', async () => {
  const repeated = '{"topic":"t","value":{"a":1},"v\\u0061lue":{"a":2}}'
  expect(await read(repeated)).toEqual([{ number: 1, problem: 'a repeated member' }])
})

test('a byte order mark at the start is passed over, another is not', async () => {
  expect(await read('\uFEFF{"topic":"a"}\n\uFEFF{"topic":"b"}')).toMatchObject([
    { number: 1, record: { topic: 'a' } },
    { number: 2, problem: 'not JSON' },
  ])
})

test('lines end at newlines only, wherever the chunks end, and empty ones count', async () => {
  const bytes = Buffer.from('{"topic":"t","value":{"a":"x\u2028é"}}\r\n\n{"topic":"u"}\n')
  const lines = await read(...Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)))
  expect(textOf(lines[0])).toBe('{"a":"x\u2028é"}')
  expect(lines.map(({ number }) => number)).toEqual([1, 3])
})

test('what is not UTF-8 is refused instead of put right', async () => {
  const bytes = Buffer.concat([Buffer.from('{"topic":"t","value":{"a":"'), Buffer.from([0xe9]), Buffer.from('"}}\n')])
  expect(await read(bytes)).toEqual([{ number: 1, problem: 'not UTF-8' }])
})
