import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Kafka } from 'kafkajs'
import type pg from 'pg'
import { readTopic } from '../stack/kafka-clients.ts'
import type { Output } from './canaries.ts'
import type { Scrim } from './scrim.ts'

/** Every record of these topics: keys, values, header names and values, unpacked. */
export async function topicOutputs(kafka: Kafka, topics: readonly string[]): Promise<Output[]> {
  const outputs: Output[] = []
  for (const topic of topics) {
    const parts = (await readTopic(kafka, topic)).flatMap(({ key, value, headers = {} }) => [
      key,
      value,
      ...Object.entries(headers).flatMap(([name, one]) => [name, ...[one].flat()]),
    ])
    outputs.push({ channel: `topic ${topic}`, bytes: joined(parts) })
  }
  return outputs
}

/** Every row of every table and view, each column as text; what is stored as bytes, as these bytes too. */
export async function tableOutputs(db: pg.Client): Promise<Output[]> {
  const { rows: tables } = await db.query<{ name: string }>(
    `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
      where table_schema not in ('pg_catalog', 'information_schema')`,
  )
  const outputs: Output[] = []
  for (const { name } of tables) {
    const { rows } = await db.query<Record<string, unknown>>(
      `select row.*, row::text as everything from ${name} as row`,
    )
    const bytes = joined(
      rows.flatMap(row => Object.values(row).filter(value => typeof value === 'string' || Buffer.isBuffer(value))),
    )
    outputs.push({ channel: `table ${name}`, bytes })
  }
  // What the server keeps of what it was asked.
  const { rows: asked } = await db.query<{ query: string }>('select query from pg_stat_activity')
  outputs.push({ channel: 'pg_stat_activity', bytes: joined(asked.map(({ query }) => query)) })
  return outputs
}

/** What a process printed. */
export const logOutput = (scrim: Scrim): Output => ({ channel: 'log', bytes: Buffer.from(scrim.log()) })

/** All files below a folder, and names of files too; `but` are left out. */
export function fileOutputs(folder: string, but: (path: string) => boolean): Output[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(name => join(folder, name))
    .filter(path => existsSync(path) && statSync(path).isFile() && !but(path))
    .map(path => ({ channel: `file ${path}`, bytes: joined([path, readFileSync(path)]) }))
}

const separator = Buffer.from('\n')

function joined(parts: readonly (Buffer | string | null | undefined | unknown)[]): Buffer {
  const list = parts.flatMap(part =>
    typeof part === 'string' || Buffer.isBuffer(part) ? [Buffer.from(part as Buffer), separator] : [],
  )
  return Buffer.concat(list)
}
