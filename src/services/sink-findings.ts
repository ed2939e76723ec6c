import { outputName, rawNameOf, topicPattern } from '../policy/topic-pattern.ts'
import type { ConnectorContext } from './connector-findings.ts'
import { isDebeziumSink, setting, isSetTo, isJson, routes, unwraps, settingPlace } from './connector-settings.ts'
import { error, warning } from './finding.ts'
import type { ConnectorConfig, Finding } from './ports/checks.ts'

/** What a JDBC sink does to masked records beyond its converters. */
export function sinkFindings(sink: ConnectorConfig, context: ConnectorContext, hasPlainHeaders: boolean): Finding[] {
  return [...rawTopics(sink, context), ...sinkHeaders(sink, hasPlainHeaders), ...sinkSettings(sink, context)]
}

/** Topics that the sink reads and that only Scrim should read. */
function rawTopics(sink: ConnectorConfig, { patterns, outputTopics }: ConnectorContext): Finding[] {
  const raw = patterns.filter(pattern => topicPattern(pattern).isLiteral && reads(sink, pattern))
  // A list can also be held against patterns.
  const listed = topicList(sink).filter(
    topic =>
      patterns.some(pattern => topicPattern(pattern).matches(topic)) &&
      outputTopics.every(template => rawNameOf(template, topic) === null),
  )
  return [...new Set([...raw, ...listed])].map(topic =>
    error(
      'CONNECTOR_READS_RAW',
      settingPlace(sink, topic),
      'The sink reads a raw topic: it loads what the policies hide',
      'Let it read the masked topic only.',
    ),
  )
}

const topicList = (sink: ConnectorConfig): string[] =>
  setting(sink, 'topics')
    .split(',')
    .map(topic => topic.trim())
    .filter(topic => topic !== '')

function reads(sink: ConnectorConfig, topic: string): boolean {
  const regex = setting(sink, 'topics.regex')
  return topicList(sink).includes(topic) || (regex !== '' && matchesWhole(regex, topic))
}

/** Java's patterns are ours as far as topics need them; one that is not matches nothing here. */
function matchesWhole(regex: string, topic: string): boolean {
  try {
    return new RegExp(`^(?:${regex})$`).test(topic)
  } catch {
    return false
  }
}

function sinkHeaders(sink: ConnectorConfig, hasPlainHeaders: boolean): Finding[] {
  const name = 'header.converter'
  if (/(?:^|\.)StringConverter$/.test(setting(sink, name))) return []
  if (!isJson(sink, name))
    return [
      warning(
        'CONNECTOR_HEADERS',
        settingPlace(sink, name),
        'The default header converter kills the Debezium JDBC sink where a composite key changes',
        'Use JsonConverter for headers at both ends (or StringConverter at the sink).',
      ),
    ]
  if (!hasPlainHeaders) return []
  return [
    error(
      'CONNECTOR_HEADERS_DISAGREE',
      settingPlace(sink, name),
      'The sink reads headers as JSON, and a source connector writes them as plain text: the first of them kills the sink',
      'Use JsonConverter for headers at the sources too.',
    ),
  ]
}

function sinkSettings(sink: ConnectorConfig, context: ConnectorContext): Finding[] {
  const found: Finding[] = [...naming(sink, context)]
  const pkMode = isDebeziumSink(sink) ? 'primary.key.mode' : 'pk.mode'
  if (!isSetTo(sink, 'consumer.override.isolation.level', 'read_committed'))
    found.push(
      warning(
        'CONNECTOR_READS_UNCOMMITTED',
        settingPlace(sink, 'consumer.override.isolation.level'),
        'The sink reads records of transactions that were aborted',
        'Set it to read_committed (or consumer.isolation.level at the worker).',
      ),
    )
  if (!isSetTo(sink, 'insert.mode', 'upsert') || !isSetTo(sink, pkMode, 'record_key'))
    found.push(
      warning(
        'CONNECTOR_NOT_IDEMPOTENT',
        settingPlace(sink, 'insert.mode'),
        'Only an upsert by the record key can take a record twice: delivery is at least once',
        `Set insert.mode=upsert and ${pkMode}=record_key.`,
      ),
    )
  if (!isSetTo(sink, 'delete.enabled', 'true'))
    found.push(
      warning(
        'CONNECTOR_KEEPS_DELETED',
        settingPlace(sink, 'delete.enabled'),
        'Deleted rows stay in the target',
        'Set it to true.',
      ),
    )
  if (isSetTo(sink, 'truncate.enabled', 'true'))
    found.push(
      warning(
        'CONNECTOR_TRUNCATES',
        settingPlace(sink, 'truncate.enabled'),
        'A truncate is not ordered against rows of other partitions: the target ends up wrong',
        'Use it for topics of one partition only.',
      ),
    )
  if (!isDebeziumSink(sink) && !unwraps(sink))
    found.push(
      error(
        'CONNECTOR_ENVELOPE',
        settingPlace(sink, 'transforms'),
        'This sink takes flat rows and would take before, after and source for columns',
        'Add the transform ExtractNewRecordState.',
      ),
    )
  return found
}

/** Stock sinks make the table's name from the topic's, which has one part more now. */
function naming(sink: ConnectorConfig, { patterns, outputTopics }: ConnectorContext): Finding[] {
  const name = isDebeziumSink(sink) ? 'collection.name.format' : 'table.name.format'
  const format = setting(sink, name)
  const isByTopic = format === '' || format.includes('${topic}')
  if (!isByTopic || routes(sink) || setting(sink, 'topics.to.tables.mapping') !== '') return []
  const example = outputName(
    outputTopics[0] ?? '${topic}',
    patterns.find(pattern => topicPattern(pattern).isLiteral) ?? 'prefix.schema.table',
  )
  const message = isDebeziumSink(sink)
    ? `Tables are named after the masked topic: ${example.replaceAll('.', '_')}`
    : `Of a name such as ${example} the sink takes the first two parts for schema and table: all topics end up in one table`
  return [
    (isDebeziumSink(sink) ? warning : error)(
      'CONNECTOR_TABLE_NAME',
      settingPlace(sink, name),
      message,
      'Set collection.name.format=${source.schema}.${source.table} (Debezium sink), or add a RegexRouter that takes the ending away.',
    ),
  ]
}
