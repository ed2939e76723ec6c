import {
  isSource,
  isSink,
  setting,
  isSetTo,
  isJson,
  reselects,
  reselectsNulls,
  settingPlace,
} from './connector-settings.ts'
import { error, note, warning } from './finding.ts'
import { sinkFindings } from './sink-findings.ts'
import type { ConnectorConfig, Finding } from './ports/checks.ts'
import type { Reselection } from './source-findings.ts'

export interface ConnectorContext {
  /** The topics that policies name, as patterns. */
  readonly patterns: readonly string[]
  /** Of each view; `${topic}` stands for the raw topic. */
  readonly outputTopics: readonly string[]
  /** What the masks take for an unchanged TOAST value. */
  readonly toastPlaceholder: string
}

/** What the settings of connectors do to records on their way; names settings, never what they hold. */
export function connectorFindings(connectors: readonly ConnectorConfig[], context: ConnectorContext): Finding[] {
  const sources = connectors.filter(isSource)
  const sinks = connectors.filter(isSink)
  const hasPlainHeaders = sources.some(source => !isJson(source, 'header.converter'))
  return [
    ...(connectors.length === 0
      ? [note('CONNECT_EMPTY', 'Kafka Connect', 'There are no connectors', 'Register them, then check again.')]
      : []),
    ...connectors.flatMap(connector => [...logging(connector), ...secrets(connector)]),
    ...sources.flatMap(source => [...converters(source), ...sourceSettings(source, context)]),
    ...sinks.flatMap(sink => [...converters(sink), ...sinkFindings(sink, context, hasPlainHeaders)]),
  ]
}

/** What all source connectors read anew of that which TOAST left out; without any: nothing. */
export function reselectionOf(connectors: readonly ConnectorConfig[]): Reselection {
  const sources = connectors.filter(isSource)
  if (sources.length === 0 || !sources.every(reselects)) return 'nothing'
  return sources.every(reselectsNulls) ? 'all' : 'placeholders'
}

function logging(connector: ConnectorConfig): Finding[] {
  if (!isSetTo(connector, 'errors.log.include.messages', 'true')) return []
  const tell = isSink(connector) ? warning : error
  return [
    tell(
      'CONNECTOR_LOGS_RECORDS',
      settingPlace(connector, 'errors.log.include.messages'),
      'Whole records go to the log of Kafka Connect',
      'Set it to false.',
    ),
  ]
}

const secretName = /(?:password|secret|passphrase|credential|api[._-]?key|\.token)$/i

/** Connect gives settings to whoever may ask; a placeholder of a config provider it gives as it is. */
function secrets(connector: ConnectorConfig): Finding[] {
  return [...connector.config].flatMap(([name, value]) =>
    secretName.test(name) && value !== '' && !/^\$\{[^}]+\}$/.test(value.trim())
      ? [
          warning(
            'CONNECTOR_SECRET_IN_CLEAR',
            settingPlace(connector, name),
            'The secret stands in the settings, which Kafka Connect REST gives to every caller',
            'Use a config provider, such as ${env:NAME} or ${file:PATH:KEY}.',
          ),
        ]
      : [],
  )
}

function converters(connector: ConnectorConfig): Finding[] {
  return (['key', 'value'] as const).flatMap(part => {
    const name = `${part}.converter`
    if (setting(connector, name) === '')
      return [
        note(
          'CONNECTOR_CONVERTER_OF_WORKER',
          settingPlace(connector, name),
          "The worker's converter is used, whose settings are not seen here",
          'Set it at the connector: JsonConverter with schemas.enable=true and replace.null.with.default=false.',
        ),
      ]
    if (!isJson(connector, name))
      return [
        error(
          'CONNECTOR_FORMAT',
          settingPlace(connector, name),
          'The converter does not write JSON: Scrim reads and writes JSON',
          'Use org.apache.kafka.connect.json.JsonConverter.',
        ),
      ]
    const found: Finding[] = []
    if (isSetTo(connector, `${name}.schemas.enable`, 'false')) {
      const message = isSink(connector)
        ? 'Without schemas the stock JDBC sink writes nothing, without an error, or fails'
        : 'Records without a schema block: masks cannot be checked against types, and the stock JDBC sink silently writes nothing'
      found.push(
        error(
          'CONNECTOR_SCHEMALESS',
          settingPlace(connector, `${name}.schemas.enable`),
          message,
          'Set it to true at both ends.',
        ),
      )
    }
    if (!isSetTo(connector, `${name}.replace.null.with.default`, 'false')) {
      found.push(
        warning(
          'CONNECTOR_NULL_BECOMES_DEFAULT',
          settingPlace(connector, `${name}.replace.null.with.default`),
          "A null becomes the column's default on its way",
          'Set it to false at both ends: at the sink alone it is too late.',
        ),
      )
    }
    return found
  })
}

function sourceSettings(source: ConnectorConfig, { toastPlaceholder }: ConnectorContext): Finding[] {
  const found: Finding[] = []
  const placeholder = setting(source, 'unavailable.value.placeholder')
  if (!isJson(source, 'header.converter'))
    found.push(
      warning(
        'CONNECTOR_HEADERS',
        settingPlace(source, 'header.converter'),
        'Key headers are written as plain text: where a composite key changes, the Debezium JDBC sink dies of them',
        'Use JsonConverter for headers at both ends (or StringConverter at the sink).',
      ),
    )
  if (!reselects(source))
    found.push(
      warning(
        'CONNECTOR_TOAST',
        settingPlace(source, 'post.processors'),
        'Large values that an update leaves alone arrive as a placeholder, which the sink stores as data',
        'Add the ReselectColumns post processor; without it Scrim leaves the column out of the record or holds.',
      ),
    )
  if (placeholder !== '' && placeholder !== toastPlaceholder)
    found.push(
      error(
        'CONNECTOR_PLACEHOLDER',
        settingPlace(source, 'unavailable.value.placeholder'),
        'Scrim looks for another placeholder: this one would be masked or passed as a value',
        'Set SCRIM_TOAST_PLACEHOLDER to the same text.',
      ),
    )
  if (['', '0'].includes(setting(source, 'heartbeat.interval.ms')))
    found.push(
      warning(
        'CONNECTOR_HEARTBEAT',
        settingPlace(source, 'heartbeat.interval.ms'),
        'While the captured tables are quiet the slot keeps the WAL of all others',
        'Set it, to 30000 say.',
      ),
    )
  if (['', 'all_tables'].includes(setting(source, 'publication.autocreate.mode')))
    found.push(
      warning(
        'CONNECTOR_PUBLISHES_ALL',
        settingPlace(source, 'publication.autocreate.mode'),
        'A publication that the connector makes holds all tables: on those without a key every UPDATE of the application fails',
        'Use filtered, or make the publication yourself and use disabled.',
      ),
    )
  if (isSetTo(source, 'slot.drop.on.stop', 'true'))
    found.push(
      error(
        'CONNECTOR_DROPS_SLOT',
        settingPlace(source, 'slot.drop.on.stop'),
        'A stop of the connector drops the slot: changes made meanwhile are lost',
        'Set it to false.',
      ),
    )
  if (isSetTo(source, 'tombstones.on.delete', 'false'))
    found.push(
      warning(
        'CONNECTOR_NO_TOMBSTONES',
        settingPlace(source, 'tombstones.on.delete'),
        'Deletes are not followed by a tombstone: compaction keeps deleted rows, and sinks of flat rows never delete',
        'Leave it out (true).',
      ),
    )
  return found
}
