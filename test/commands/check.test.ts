import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { check, checkHelp, checkOptions } from '../../src/commands/check.ts'
import type { CheckReport } from '../../src/commands/check/report.ts'
import type { RecordLine } from '../../src/pipeline/record-line.ts'
import { createCollectingTerminal } from '../support/collecting-terminal.ts'
import { aKey, aString, type Field, schemalessRecord, schemaRecord } from '../support/schema-records.ts'

const topic = 'shop.public.people'
const canary = 'Kaveri0987'
const condition = (field: string, maskType: string, rest: object = {}) => ({ field, maskType, ...rest })
const policy = (conditions: readonly object[], rest: object = {}) => ({
  name: 'people',
  resources: { topic },
  maskingPolicy: { maskingConditions: conditions, ...rest },
})

describe('scrim check', () => {
  let dir: string
  let policies: string

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'scrim-check-'))
    policies = join(dir, 'policies.json')
  })
  afterEach(() => rm(dir, { recursive: true }))

  const put = (name: string, json: unknown) => writeFile(join(dir, name), JSON.stringify(json))
  const putRecords = async (records: readonly RecordLine[]): Promise<string> => {
    const file = join(dir, 'records.jsonl')
    await writeFile(file, records.map(record => `${JSON.stringify(record)}\n`).join(''))
    return file
  }

  /** Runs the command as main does. */
  async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const terminal = createCollectingTerminal({ SCRIM_POLICIES: dir, ...env })
    const code = await check(parseArgs({ args: [...args], options: checkOptions, allowPositionals: true }), terminal)
    const { out, err } = terminal.said()
    expect(out + err).not.toContain(canary)
    const report = (): CheckReport => JSON.parse(out) as CheckReport
    return { code, out, err, report }
  }

  const columnOf = (report: CheckReport, column: string) => report.topics[0]?.columns.find(one => one.column === column)
  const found = (report: CheckReport) => report.findings.map(({ severity, code, where }) => [severity, code, where])

  describe('the command line', () => {
    const wrong: [name: string, args: string[]][] = [
      ['a file without --records', ['records.jsonl']],
      ['--accept-schema without anything to accept', ['--accept-schema']],
      ['--topic without --accept-schema', ['--topic', topic]],
      ['--clear without --accept-schema', ['--clear', 'city']],
      ['--out without --accept-schema', ['--out', 'x.json']],
      ['--source that is no Postgres URL', ['--source', 'localhost']],
      ['--connect that is no URL', ['--connect', 'localhost:8083']],
      ['--stored without a database', ['--stored']],
      ['records that are not there', ['--records', 'nowhere.jsonl']],
    ]
    test.each(wrong)('%s is a matter of usage', async (_name, args) => {
      const { code, err } = await run(args)
      expect(code).toBe(2)
      expect(err).toContain(checkHelp())
    })

    test('a setting that does not exist is a matter of usage', async () => {
      const { code, err } = await run([], { SCRIM_NONSENSE: '1' })
      expect(code).toBe(2)
      expect(err).toContain('CONFIG_INVALID')
    })

    test('the help tells every option', () => {
      for (const name of Object.keys(checkOptions)) expect(checkHelp()).toContain(`--${name}`)
    })

    test('--masks lists the mask types', async () => {
      const { code, out } = await run(['--masks'])
      expect(code).toBe(0)
      for (const name of ['drop', 'email', 'full', 'hash', 'none', 'null', 'partial'])
        expect(out).toMatch(new RegExp(`^  ${name} `, 'm'))
      expect(JSON.parse((await run(['--masks', '--json'])).out)).toContainEqual(
        expect.objectContaining({ name: 'hash', needsKey: true }),
      )
    })
  })

  describe('policies', () => {
    test('all problems are told at once, with code, place and hint', async () => {
      await put(
        'a.json',
        policy([condition('after.a', 'nonsense'), condition('$..[', 'full'), condition('after.*', 'none')]),
      )
      await put('b.json', { name: 'b', resources: { topic: 'b' } })
      const shape = await run([])
      expect(shape.code).toBe(1)
      expect(shape.out).toMatch(/^error POLICY_SHAPE at b\.json: .*\n {4}See /m)
      await rm(join(dir, 'b.json'))
      const { code, report } = await run(['--json'])
      expect(code).toBe(1)
      expect(report().ok).toBe(false)
      expect(found(report())).toEqual([
        ['error', 'POLICY_SELECTOR', 'people maskingPolicy.maskingConditions[1].field'],
        ['error', 'POLICY_UNKNOWN_MASK', 'people maskingPolicy.maskingConditions[0].maskType'],
        ['error', 'POLICY_WILDCARD_CLEARS', 'people maskingPolicy.maskingConditions[2].maskType'],
      ])
      for (const { hint } of report().findings) expect(hint).not.toBe('')
    })

    test('an empty folder is a problem', async () => {
      const { code, out } = await run([])
      expect(code).toBe(1)
      expect(out).toContain('POLICY_NONE')
    })

    test('a table tells mask, policy and what makes each column known', async () => {
      await put('policies.json', [
        policy([condition('after.email', 'email'), condition('after.id', 'none')]),
        {
          name: 's',
          tableSchema: {
            topic,
            columns: [
              { name: 'city', type: 'string' },
              { name: 'id', type: 'int64' },
            ],
          },
        },
      ])
      const { code, out, report } = await run(['--json'])
      expect(code).toBe(0)
      expect(out).toContain(topic)
      expect(columnOf(report(), 'email')).toMatchObject({
        mask: 'email',
        by: 'people maskingPolicy.maskingConditions[0]',
        known: 'policy',
      })
      expect(columnOf(report(), 'city')).toMatchObject({ mask: 'none', by: null, known: 'accepted schema' })
      const text = (await run([])).out
      expect(text).toContain(`topic ${topic} -> ${topic}.masked`)
      expect(text).toMatch(/^ {2}email +email +people \[0\] +policy$/m)
    })

    test('a warning leaves the exit code 0', async () => {
      await put('policies.json', [policy([condition('a', 'full')]), { ...policy([condition('a', 'null')]), name: 'z' }])
      const { code, out } = await run([])
      expect(code).toBe(0)
      expect(out).toMatch(/^warning POLICY_DISAGREE/m)
    })
  })

  describe('--records', () => {
    const fields: Field[] = [
      aKey(),
      aString('email'),
      aString('city', { parameters: { '__debezium.source.column.length': '3' } }),
      { type: 'int32', optional: false, field: 'age' },
    ]
    const row = { id: 7, email: `${canary}@example.org`, city: canary, age: 44 }
    const clear = ['id', 'age', 'city'].map(name => condition(name, 'none'))

    test('columns come with the type that goes in and the type that goes out', async () => {
      await put(
        'policies.json',
        policy([
          condition('email', 'email'),
          condition('city', 'drop'),
          condition('id', 'none'),
          condition('age', 'full', { maskValue: 1 }),
        ]),
      )
      const { code, report } = await run(['--records', await putRecords([schemaRecord(topic, fields, row)]), '--json'])
      expect(code).toBe(0)
      expect(columnOf(report(), 'id')).toMatchObject({ parts: ['key', 'row'], type: 'int64 not null', masked: 'int64' })
      expect(columnOf(report(), 'email')).toMatchObject({
        parts: ['row'],
        type: 'string',
        mask: 'email',
        masked: 'string',
      })
      expect(columnOf(report(), 'city')).toMatchObject({ mask: 'drop', masked: null })
      expect(report().topics[0]).toMatchObject({ records: '1 published', isSchemaless: false })
    })

    test('what a projection makes of columns is told: new names, new types, new columns, none', async () => {
      const conditions = ['email', 'city', 'id', 'age'].map(name => condition(name, 'none'))
      const projection = {
        drop: ['city'],
        rename: { id: 'person' },
        columns: { age: 'cast(age as double) / 2', domain: "lower(coalesce(email, ''))" },
      }
      const rowFilter = { filterExpr: 'age > 18' }
      const document = policy(conditions)
      Object.assign(document.maskingPolicy, { projection, rowFilter })
      await put('policies.json', document)
      const records = await putRecords([schemaRecord(topic, fields, row)])
      const { code, report } = await run(['--records', records, '--json'])
      expect(code).toBe(0)
      expect(columnOf(report(), 'id')).toMatchObject({ mask: 'none', masked: 'int64', outName: 'person' })
      expect(columnOf(report(), 'city')).toMatchObject({ mask: 'projection', masked: null, outName: null })
      expect(columnOf(report(), 'age')).toMatchObject({ mask: 'projection', masked: 'double', outName: 'age' })
      expect(columnOf(report(), 'domain')).toMatchObject({ parts: [], type: null, masked: 'string', outName: 'domain' })
      const { out } = await run(['--records', records])
      expect(out).toMatch(/^ {2}id +key\+row +int64 not null +none +person: int64 /m)
      expect(out).toMatch(/^ {2}domain +projection +string /m)
    })

    test('a filter that does not fit the columns is an error', async () => {
      const document = policy(['email', 'city', 'id', 'age'].map(name => condition(name, 'none')))
      Object.assign(document.maskingPolicy, { rowFilter: { filterExpr: 'agee > 18' } })
      await put('policies.json', document)
      const { code, out } = await run(['--records', await putRecords([schemaRecord(topic, fields, row)])])
      expect(code).toBe(1)
      expect(out).toMatch(/^error SCHEMA_EXPRESSION at .*position 1/m)
    })

    const misfits: [name: string, code: string, path: string, conditions: readonly object[]][] = [
      ['a column that nothing names', 'RECORD_UNKNOWN_COLUMN', 'after.email', clear],
      [
        'a constant of another type',
        'SCHEMA_MASK_TYPE',
        'after.age',
        [
          ...clear.filter(({ field }) => field !== 'age'),
          condition('email', 'full'),
          condition('age', 'full', { maskValue: 'x' }),
        ],
      ],
      [
        'a constant that is too long',
        'SCHEMA_MASK_LENGTH',
        'after.city',
        [
          ...clear.filter(({ field }) => field !== 'city'),
          condition('email', 'full'),
          condition('city', 'full', { maskValue: 'abcd' }),
        ],
      ],
      [
        'null where there must be a value',
        'SCHEMA_MASK_NULLABLE',
        'after.age',
        [...clear.filter(({ field }) => field !== 'age'), condition('email', 'full'), condition('age', 'null')],
      ],
    ]
    test.each(misfits)('%s is told as a live run would', async (_name, code, path, conditions) => {
      await put('policies.json', policy(conditions))
      const records = await putRecords([schemaRecord(topic, fields, row), schemaRecord(topic, fields, row)])
      const { code: exit, report } = await run(['--records', records, '--json'])
      expect(exit).toBe(1)
      expect(found(report()).filter(([severity]) => severity === 'error')).toEqual([
        ['error', code, `${topic} ${path}`],
      ])
      expect(report().topics[0]?.records).toBe('0 published, 2 not published')
    })

    test('a lossy mask on the key is told', async () => {
      await put(
        'policies.json',
        policy([...clear.slice(1), condition('email', 'full'), condition('id', 'full', { maskValue: 1 })]),
      )
      const { code, report } = await run(['--records', await putRecords([schemaRecord(topic, fields, row)]), '--json'])
      expect(code).toBe(1)
      expect(found(report())).toContainEqual(['error', 'SCHEMA_KEY_MASK', `${topic} key.id`])
    })

    test('a column whose TOAST placeholder would hold is a warning', async () => {
      await put('policies.json', policy([...clear, condition('email', 'none')]))
      const strict = [...fields.slice(0, 1), { type: 'string', optional: false, field: 'email' }, ...fields.slice(2)]
      const { code, report } = await run([
        '--records',
        await putRecords([schemaRecord(topic, strict, { ...row, city: 'abc' })]),
        '--json',
      ])
      expect(code).toBe(0)
      expect(report().findings).toMatchObject([
        { severity: 'warning', code: 'SCHEMA_TOAST', where: topic, message: expect.stringMatching(/: email\)$/) },
      ])
    })

    test('a record that is refused for itself is counted with its place', async () => {
      await put('policies.json', policy([...clear, condition('email', 'full')]))
      const bad = { topic, key: null, value: Buffer.from(`{"${canary}`).toString('base64') }
      const { code, report } = await run([
        '--records',
        await putRecords([bad, bad, schemaRecord(topic, fields, { ...row, city: 'abc' })]),
        '--json',
      ])
      expect(code).toBe(1)
      expect(report().findings).toMatchObject([
        { code: 'RECORD_MALFORMED', where: `${topic} value`, message: expect.stringContaining('2 records') },
      ])
      expect(report().topics[0]?.records).toBe('1 published, 2 not published')
    })

    test('a topic without schema blocks is told what the stock sink makes of it', async () => {
      await put('policies.json', policy([...clear, condition('email', 'full')]))
      const { code, out } = await run(['--records', await putRecords([schemalessRecord(topic, row)])])
      expect(code).toBe(0)
      expect(out).toMatch(/^warning TOPIC_SCHEMALESS at shop\.public\.people: .*writes nothing/m)
      expect(out).toContain('(no schema block)')
    })

    test('without schema blocks masks that need a type, and unknown columns, are told once', async () => {
      await put('policies.json', policy([condition('email', 'email'), condition('id', 'none')]))
      const { code, report } = await run([
        '--records',
        await putRecords([schemalessRecord(topic, { id: 1, email: canary, city: 'x' })]),
        '--json',
      ])
      expect(code).toBe(1)
      expect(found(report()).filter(([severity]) => severity === 'error')).toEqual([
        ['error', 'RECORD_UNKNOWN_COLUMN', `${topic} city`],
        ['error', 'SCHEMA_UNDECLARED', `${topic} email`],
      ])
    })

    test('topics that no policy names, and lines that are no records, are told', async () => {
      await put('policies.json', policy([condition('email', 'full')]))
      const file = join(dir, 'records.jsonl')
      await writeFile(
        file,
        `${JSON.stringify(schemaRecord('other', fields, row))}\n\n{"topic": "${canary}\n{"topic":1}\n`,
      )
      const { code, report } = await run(['--records', file, '--json'])
      expect(code).toBe(1)
      expect(found(report())).toEqual([
        ['error', 'REQUEST_INVALID', 'records, line 3'],
        ['error', 'REQUEST_INVALID', 'records, line 4'],
        ['warning', 'RECORD_TOPIC_WITHOUT_POLICY', 'other'],
      ])
    })

    test('topics of a pattern are shown as they are met', async () => {
      await put('policies.json', { ...policy([...clear, condition('email', 'full')]), resources: { topic: 'shop.*' } })
      const { code, report } = await run([
        '--records',
        await putRecords([schemaRecord(topic, fields, { ...row, city: 'abc' })]),
        '--json',
      ])
      expect(code).toBe(0)
      expect(report().topics).toMatchObject([{ topic, records: '1 published' }])
      expect(found(report())).toEqual([['note', 'TOPIC_PATTERN', 'shop.*']])
    })
  })

  describe('--accept-schema', () => {
    const fields: Field[] = [
      aKey(),
      aString('email', { default: canary, doc: canary }),
      aString('state', {
        name: 'io.debezium.data.Enum',
        version: 1,
        parameters: { allowed: `${canary},b`, '__debezium.source.column.comment': canary },
      }),
    ]
    const row = { id: 7, email: canary, state: 'b' }
    const accept = async (records: readonly RecordLine[], ...args: string[]) =>
      run(['--records', await putRecords(records), '--accept-schema', ...args])
    const file = `schema.${topic}.json`
    const accepted = async (name = file) =>
      JSON.parse(await readFile(join(dir, name), 'utf8')) as {
        tableSchema: { columns: { name: string; type: string }[] }
      }

    beforeEach(() => put('policies.json', policy([condition('email', 'email')])))

    test('makes the columns known, and lists what goes out in clear by it', async () => {
      expect((await run(['--records', await putRecords([schemaRecord(topic, fields, row)])])).code).toBe(1)
      const { code, out, err } = await accept([schemaRecord(topic, fields, row)])
      expect(code).toBe(0)
      expect(err).toBe(
        `topic ${topic}: columns that no policy names and that go out in clear by this acceptance alone:\n  id (new; until now unknown (hold))\n  state (new; until now unknown (hold))\n`,
      )
      expect(out).toMatch(/^warning SCHEMA_IN_CLEAR at shop\.public\.people: .*: id, state$/m)
      expect(out).toContain(
        `schema of ${topic}: written to ${join(dir, file)}\n  + id int64 not null\n  + email string\n`,
      )
      expect(await accepted()).toEqual({
        name: `schema:${topic}`,
        tableSchema: {
          topic,
          columns: [
            { name: 'id', type: 'int64', optional: false },
            { name: 'email', type: 'string', optional: true },
            { name: 'state', type: 'string', logical: 'io.debezium.data.Enum', optional: true },
          ],
        },
      })
      expect(await readFile(join(dir, file), 'utf8')).not.toContain(canary)
      expect((await run(['--records', join(dir, 'records.jsonl')])).code).toBe(0)
      expect((await readdir(dir)).sort()).toEqual(['policies.json', 'records.jsonl', file])
    })

    test('the list goes to the terminal beside a JSON document too', async () => {
      const { err, report } = await accept([schemaRecord(topic, fields, row)], '--json')
      expect(err).toContain('  state (new;')
      expect(report().accepted).toMatchObject([
        { topic, file: join(dir, file), inClear: [{ column: 'id' }, { column: 'state' }] },
      ])
    })

    test('the same schema again changes nothing', async () => {
      await accept([schemaRecord(topic, fields, row)])
      const before = await readFile(join(dir, file), 'utf8')
      const { code, out, err } = await accept([schemaRecord(topic, fields, row)])
      expect(code).toBe(0)
      expect(out).toContain(`schema of ${topic}: nothing to write\n`)
      expect(err).toContain('  id (accepted before)')
      expect(await readFile(join(dir, file), 'utf8')).toBe(before)
    })

    test('a change is shown against what was accepted before, and a column that goes is told', async () => {
      await accept([schemaRecord(topic, fields, row)])
      const next: Field[] = [aKey(), aString('email', { optional: false }), aString('city')]
      const { code, out, err } = await accept([schemaRecord(topic, next, { id: 7, email: canary, city: 'x' })])
      expect(code).toBe(0)
      expect(out).toContain(
        '  ~ email string -> string not null\n  + city string\n  - state string io.debezium.data.Enum\n',
      )
      expect(out).toMatch(/^warning SCHEMA_COLUMN_GONE/m)
      expect(err).toContain('  city (new; until now unknown (hold))')
      expect((await accepted()).tableSchema.columns.map(({ name }) => name)).toEqual(['id', 'email', 'city'])
    })

    test('of two versions of a table the columns of both are known, with the types of the newer', async () => {
      const older: Field[] = [aKey(), aString('email', { optional: false }), aString('gone')]
      const newer: Field[] = [aKey(), aString('email'), aString('state')]
      const records = [older, newer, older].map(columns => schemaRecord(topic, columns, { id: 7, email: canary }))
      expect((await accept(records)).code).toBe(0)
      expect((await accepted()).tableSchema.columns).toEqual([
        { name: 'id', type: 'int64', optional: false },
        { name: 'email', type: 'string', optional: true },
        { name: 'state', type: 'string', optional: true },
        { name: 'gone', type: 'string', optional: true },
      ])
    })

    test('a schema that does not fit any more does not stand in the way of the next', async () => {
      await put(
        'policies.json',
        policy([condition('email', 'partial', { unmaskCharCount: 1 }), condition('id', 'none')]),
      )
      await put(file, {
        name: 'mine',
        description: 'kept',
        tableSchema: { topic, columns: [{ name: 'email', type: 'int32' }] },
      })
      expect((await run([])).out).toContain('SCHEMA_MASK_TYPE')
      const { code } = await accept([schemaRecord(topic, fields, row)])
      expect(code).toBe(0)
      expect(await accepted()).toMatchObject({ name: 'mine', description: 'kept' })
    })

    test('a schema that the masks do not fit is not accepted', async () => {
      await put('policies.json', policy([condition('email', 'full', { maskValue: 5 })]))
      const { code, out, err } = await accept([schemaRecord(topic, fields, row)])
      expect(code).toBe(1)
      expect(out).toMatch(/^error SCHEMA_MASK_TYPE/m)
      expect(out).toContain(`schema of ${topic}: not written`)
      expect(err).toContain('would go out in clear')
      await expect(readFile(join(dir, file))).rejects.toMatchObject({ code: 'ENOENT' })
    })

    describe('beside a wildcard', () => {
      beforeEach(() => put('policies.json', policy([condition('after.*', 'null'), condition('id', 'none')])))
      const columns = async () => (await accepted()).tableSchema.columns.map(({ name }) => name)

      test('what it masks stays masked, and is told', async () => {
        const { code, out, err } = await accept([schemaRecord(topic, fields, row)])
        expect(code).toBe(0)
        expect(await columns()).toEqual(['id'])
        expect(err).toBe('')
        expect(out).toMatch(/^note SCHEMA_LEFT_TO_WILDCARD at shop\.public\.people: .*: email, state$/m)
        expect(out).toMatch(/^ {2}email .* null .*people \[0\] +no$/m)
        expect(out).toContain('ok: 0 errors, 0 warnings, 1 note')
      })

      test('--clear accepts a column all the same, with a warning', async () => {
        const { code, report, err } = await accept([schemaRecord(topic, fields, row)], '--clear', 'state', '--json')
        expect(code).toBe(0)
        expect(err).toContain('  state (new; until now covered by the wildcard of policy people)')
        expect(await columns()).toEqual(['id', 'state'])
        expect(report().findings).toMatchObject([
          { severity: 'warning', code: 'SCHEMA_IN_CLEAR', where: topic, message: expect.stringMatching(/: state$/) },
          { severity: 'note', code: 'SCHEMA_LEFT_TO_WILDCARD' },
        ])
        expect(report().accepted).toMatchObject([{ inClear: [{ column: 'state' }], leftToWildcard: ['email'] }])
        // What was accepted once stays so, and goes on being told.
        const again = await accept([schemaRecord(topic, fields, row)])
        expect(await columns()).toEqual(['id', 'state'])
        expect(again.out).toMatch(/^warning SCHEMA_IN_CLEAR at .*: state$/m)
      })

      test('a name that --clear does not find stands against the acceptance', async () => {
        const { code, out } = await accept([schemaRecord(topic, fields, row)], '--clear', 'stat')
        expect(code).toBe(1)
        expect(out).toMatch(/^error SCHEMA_NOT_MET at --clear stat:/m)
        await expect(readFile(join(dir, file))).rejects.toMatchObject({ code: 'ENOENT' })
      })

      test('where it covers all columns there is nothing to write', async () => {
        await put('policies.json', policy([condition('after.*', 'drop')]))
        const { out } = await accept([schemaRecord(topic, fields, row)])
        expect(out).toMatch(/^note SCHEMA_LEFT_TO_WILDCARD at .*: id, email, state$/m)
        await expect(readFile(join(dir, file))).rejects.toMatchObject({ code: 'ENOENT' })
      })
    })

    test('--topic takes that one alone, and tells one that was not met', async () => {
      const records = [schemaRecord(topic, fields, row), schemaRecord('shop.public.orders', fields, row)]
      await put('policies.json', { ...policy([condition('email', 'email')]), resources: { topic: 'shop.*' } })
      const missing = await accept(records, '--topic', topic, '--topic', 'shop.public.none')
      expect(missing.code).toBe(1)
      expect(missing.out).toMatch(/^error SCHEMA_NOT_MET at shop\.public\.none/m)
      expect(await readdir(dir)).not.toContain(file)
      await accept(records, '--topic', topic)
      expect((await readdir(dir)).filter(name => name.startsWith('schema.'))).toEqual([file])
    })

    test('--out gathers them in one file and keeps what else stands there', async () => {
      await put('policies.json', { ...policy([condition('email', 'email')]), resources: { topic: 'shop.*' } })
      await accept([schemaRecord('shop.public.orders', fields, row)], '--out', join(dir, 'all.json'))
      await accept([schemaRecord(topic, fields, row)], '--out', join(dir, 'all.json'))
      const all = JSON.parse(await readFile(join(dir, 'all.json'), 'utf8')) as { name: string }[]
      expect(all.map(({ name }) => name)).toEqual(['schema:shop.public.orders', `schema:${topic}`])
    })

    const guarded: [name: string, json: string, args: string[]][] = [
      ['that holds policies too', JSON.stringify([policy([]), { name: 's', tableSchema: { topic, columns: [] } }]), []],
      ['that cannot be read', '{', ['--out']],
    ]
    test.each(guarded)('a file %s is left as it is', async (_name, json, args) => {
      const target = args.length === 0 ? 'policies.json' : 'elsewhere.txt'
      await writeFile(join(dir, target), json)
      const { code, out } = await accept(
        [schemaRecord(topic, fields, row)],
        ...args,
        ...(args.length === 0 ? [] : [join(dir, target)]),
      )
      expect(code).toBe(1)
      expect(out).toMatch(/^error POLICY_SHAPE/m)
      expect(await readFile(join(dir, target), 'utf8')).toBe(json)
    })

    test('policies in one file need --out', async () => {
      const { code, out } = await accept([schemaRecord(topic, fields, row)], '--policies', policies)
      expect(code).toBe(1)
      expect(out).toContain('--out')
    })

    test('a topic without schema blocks has no types to accept', async () => {
      const { code, out } = await accept([schemalessRecord(topic, row)], '--topic', topic)
      expect(code).toBe(1)
      expect(out).toMatch(/^error SCHEMA_NOT_MET/m)
    })
  })
})
