import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { connectorFindings, reselectionOf } from '../../src/services/connector-findings.ts'
import type { ConnectorConfig } from '../../src/services/ports/checks.ts'

const raw = 'warehouse-to-citizen-cdc.golden_records'
const context = { patterns: [raw], outputTopics: ['${topic}.masked'], toastPlaceholder: '__debezium_unavailable_value' }

/** A connector of the connectors folder with some settings changed; undefined takes one away. */
function shipped(file: string, changes: Readonly<Record<string, string | undefined>> = {}): ConnectorConfig {
  const { name, config } = JSON.parse(
    readFileSync(new URL(`../../connectors/${file}.json`, import.meta.url), 'utf8'),
  ) as { name: string; config: Record<string, string> }
  const settings = Object.entries({ ...config, ...changes }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  return { name, config: new Map(settings) }
}

const source = (changes: Readonly<Record<string, string | undefined>> = {}) =>
  shipped('warehouse-to-citizen-connector', changes)
const sink = (changes: Readonly<Record<string, string | undefined>> = {}) => shipped('citizen-sink', changes)
const told = (...connectors: ConnectorConfig[]) =>
  connectorFindings(connectors, context).map(({ severity, code, where }) => `${severity} ${code} at ${where}`)
const atSource = 'connector warehouse-to-citizen-connector,'
const atSink = 'connector citizen-sink,'

describe('connector findings', () => {
  test('nothing stands against the connectors that we ship', () => {
    const all = ['warehouse-to-citizen-connector', 'citizen-to-warehouse-connector', 'citizen-sink', 'warehouse-sink']
    expect(told(...all.map(name => shipped(name)))).toEqual([])
  })

  const cases: [changes: Record<string, string | undefined>, finding: string][] = [
    [
      { 'value.converter.schemas.enable': 'false' },
      `error CONNECTOR_SCHEMALESS at ${atSource} value.converter.schemas.enable`,
    ],
    [
      { 'key.converter': 'io.confluent.connect.avro.AvroConverter' },
      `error CONNECTOR_FORMAT at ${atSource} key.converter`,
    ],
    [{ 'value.converter': undefined }, `note CONNECTOR_CONVERTER_OF_WORKER at ${atSource} value.converter`],
    [
      { 'value.converter.replace.null.with.default': undefined },
      `warning CONNECTOR_NULL_BECOMES_DEFAULT at ${atSource} value.converter.replace.null.with.default`,
    ],
    [{ 'header.converter': undefined }, `warning CONNECTOR_HEADERS at ${atSource} header.converter`],
    [{ 'post.processors': undefined }, `warning CONNECTOR_TOAST at ${atSource} post.processors`],
    [{ 'reselector.type': 'com.example.Other' }, `warning CONNECTOR_TOAST at ${atSource} post.processors`],
    [
      { 'unavailable.value.placeholder': 'gone' },
      `error CONNECTOR_PLACEHOLDER at ${atSource} unavailable.value.placeholder`,
    ],
    [{ 'heartbeat.interval.ms': '0' }, `warning CONNECTOR_HEARTBEAT at ${atSource} heartbeat.interval.ms`],
    [
      { 'publication.autocreate.mode': undefined },
      `warning CONNECTOR_PUBLISHES_ALL at ${atSource} publication.autocreate.mode`,
    ],
    [{ 'slot.drop.on.stop': 'true' }, `error CONNECTOR_DROPS_SLOT at ${atSource} slot.drop.on.stop`],
    [{ 'tombstones.on.delete': 'false' }, `warning CONNECTOR_NO_TOMBSTONES at ${atSource} tombstones.on.delete`],
    [
      { 'errors.log.include.messages': 'true' },
      `error CONNECTOR_LOGS_RECORDS at ${atSource} errors.log.include.messages`,
    ],
    [{ 'database.password': 'Kaveri0987' }, `warning CONNECTOR_SECRET_IN_CLEAR at ${atSource} database.password`],
  ]
  test.each(cases)('a source with %j', (changes, finding) => expect(told(source(changes))).toEqual([finding]))

  const sinkCases: [changes: Record<string, string | undefined>, finding: string][] = [
    [
      { 'key.converter.schemas.enable': 'false' },
      `error CONNECTOR_SCHEMALESS at ${atSink} key.converter.schemas.enable`,
    ],
    [
      { 'value.converter.replace.null.with.default': 'true' },
      `warning CONNECTOR_NULL_BECOMES_DEFAULT at ${atSink} value.converter.replace.null.with.default`,
    ],
    [
      { 'header.converter': 'org.apache.kafka.connect.storage.SimpleHeaderConverter' },
      `warning CONNECTOR_HEADERS at ${atSink} header.converter`,
    ],
    [{ 'topics.regex': 'warehouse-to-citizen-cdc\\..*' }, `error CONNECTOR_READS_RAW at ${atSink} ${raw}`],
    [{ 'topics.regex': undefined, topics: `a.masked, ${raw}` }, `error CONNECTOR_READS_RAW at ${atSink} ${raw}`],
    [
      { 'consumer.override.isolation.level': undefined },
      `warning CONNECTOR_READS_UNCOMMITTED at ${atSink} consumer.override.isolation.level`,
    ],
    [{ 'insert.mode': 'insert' }, `warning CONNECTOR_NOT_IDEMPOTENT at ${atSink} insert.mode`],
    [{ 'primary.key.mode': 'record_value' }, `warning CONNECTOR_NOT_IDEMPOTENT at ${atSink} insert.mode`],
    [{ 'delete.enabled': undefined }, `warning CONNECTOR_KEEPS_DELETED at ${atSink} delete.enabled`],
    [{ 'truncate.enabled': 'true' }, `warning CONNECTOR_TRUNCATES at ${atSink} truncate.enabled`],
    [{ transforms: undefined }, `warning CONNECTOR_TABLE_NAME at ${atSink} collection.name.format`],
    [
      { 'errors.log.include.messages': 'true' },
      `warning CONNECTOR_LOGS_RECORDS at ${atSink} errors.log.include.messages`,
    ],
  ]
  test.each(sinkCases)('a sink with %j', (changes, finding) => expect(told(sink(changes))).toEqual([finding]))

  test('a table named after the source needs no transform; a string converter takes any header', () => {
    expect(told(sink({ transforms: undefined, 'collection.name.format': '${source.schema}.${source.table}' }))).toEqual(
      [],
    )
    expect(told(sink({ 'header.converter': 'org.apache.kafka.connect.storage.StringConverter' }))).toEqual([])
  })

  test('a sink that reads headers as JSON dies of a source that writes plain text', () => {
    expect(told(source({ 'header.converter': undefined }), sink())).toContain(
      `error CONNECTOR_HEADERS_DISAGREE at ${atSink} header.converter`,
    )
  })

  test('a sink of flat rows needs the unwrap, and a name of three parts', () => {
    const flat = {
      'connector.class': 'io.aiven.connect.jdbc.JdbcSinkConnector',
      'pk.mode': 'record_key',
      transforms: undefined,
    }
    expect(told(sink(flat)).sort()).toEqual([
      `error CONNECTOR_ENVELOPE at ${atSink} transforms`,
      `error CONNECTOR_TABLE_NAME at ${atSink} table.name.format`,
    ])
  })

  test('settings are named and never told', () => {
    const told = connectorFindings(
      [source({ 'database.password': 'Kaveri0987', 'unavailable.value.placeholder': 'Kaveri0987' })],
      context,
    )
    expect(told).toHaveLength(2)
    expect(JSON.stringify(told)).not.toContain('Kaveri0987')
  })

  test('TOAST is cured only where every source re-selects', () => {
    expect(reselectionOf([source(), sink()])).toBe('placeholders')
    expect(reselectionOf([source({ 'reselector.reselect.null.values': undefined })])).toBe('all')
    expect(reselectionOf([source(), source({ 'post.processors': undefined })])).toBe('nothing')
    expect(reselectionOf([sink()])).toBe('nothing')
  })

  test('connectors of other kinds are left alone, and none at all is told', () => {
    expect(
      told({
        name: 'x',
        config: new Map([['connector.class', 'org.apache.kafka.connect.file.FileStreamSinkConnector']]),
      }),
    ).toEqual([])
    expect(told()).toEqual(['note CONNECT_EMPTY at Kafka Connect'])
  })
})
