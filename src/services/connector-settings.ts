import type { ConnectorConfig } from './ports/checks.ts'

/** A Debezium source connector of any database. */
export const isSource = (connector: ConnectorConfig): boolean =>
  /^io\.debezium\.connector\.(?!jdbc\.)/.test(classOf(connector)) || classOf(connector) === 'PostgresConnector'

/** A JDBC sink: Debezium's, Confluent's or Aiven's. */
export const isSink = (connector: ConnectorConfig): boolean => /JdbcSinkConnector$/.test(classOf(connector))

/** Debezium's JDBC sink, which takes envelopes; the others take flat rows. */
export const isDebeziumSink = (connector: ConnectorConfig): boolean => classOf(connector).startsWith('io.debezium.')

/** What the setting holds, empty where it is not set. May be a secret: never told. */
export const setting = ({ config }: ConnectorConfig, name: string): string => (config.get(name) ?? '').trim()

/** Does the setting hold this word, in whatever case? */
export const isSetTo = (connector: ConnectorConfig, name: string, word: string): boolean =>
  setting(connector, name).toLowerCase() === word

/** Is this converter the JsonConverter? */
export const isJson = (connector: ConnectorConfig, converter: string): boolean =>
  /(?:^|\.)JsonConverter$/.test(setting(connector, converter))

/** Does the source read anew what TOAST left out? */
export const reselects = (connector: ConnectorConfig): boolean =>
  runs(connector, 'post.processors', '', /ReselectColumnsPostProcessor$/)

/** Does it read anew what arrived as null as well? That is the default of the post processor. */
export const reselectsNulls = (connector: ConnectorConfig): boolean =>
  ![...connector.config].some(([name, value]) => name.endsWith('.reselect.null.values') && value.trim() === 'false')

/** Does a transform give records another topic name? */
export const routes = (connector: ConnectorConfig): boolean =>
  runs(connector, 'transforms', 'transforms.', /RegexRouter$|ByLogicalTableRouter$/)

/** Does a transform flatten envelopes to rows? */
export const unwraps = (connector: ConnectorConfig): boolean =>
  runs(connector, 'transforms', 'transforms.', /ExtractNewRecordState$/)

/** Where a finding stands. */
export const settingPlace = ({ name }: ConnectorConfig, what: string): string => `connector ${name}, ${what}`

const classOf = ({ config }: ConnectorConfig): string => config.get('connector.class') ?? ''

/** Transforms and processors are a list of short names, each with a type of its own. */
const runs = (connector: ConnectorConfig, list: string, prefix: string, type: RegExp): boolean =>
  setting(connector, list)
    .split(',')
    .some(name => type.test(setting(connector, `${prefix}${name.trim()}.type`)))
