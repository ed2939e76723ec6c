import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { createConnectClient } from './adapters/connect/rest-client.ts'
import { createHttpServer } from './adapters/http/server.ts'
import { createKafkaClient } from './adapters/kafka/client.ts'
import { createDeadLetterTopic } from './adapters/kafka/dead-letter-topic.ts'
import { createKafkaStatus } from './adapters/kafka/kafka-status.ts'
import { createMaskedSink } from './adapters/kafka/masked-sink.ts'
import { createOutputTopics } from './adapters/kafka/output-topics.ts'
import { createRawSource } from './adapters/kafka/raw-source.ts'
import { createRawTail } from './adapters/kafka/raw-tail.ts'
import { createLetterReader, createRecordReader } from './adapters/kafka/record-reader.ts'
import { within } from './adapters/kafka/within.ts'
import { auditSecretOf, createKeyRing, sealingKeyOf } from './adapters/keys/key-ring.ts'
import { createPolicyFolder } from './adapters/policy-files/folder.ts'
import { createPolicyCache } from './adapters/policy-files/last-known-good.ts'
import { createAuditTrail } from './adapters/postgres/audit-trail.ts'
import { createCallTrail } from './adapters/postgres/call-trail.ts'
import { createDeadLetterIndex } from './adapters/postgres/dead-letter-index.ts'
import { createLetterRequests } from './adapters/postgres/letter-requests.ts'
import { createPolicyStores } from './adapters/postgres/policy-stores.ts'
import { createPool } from './adapters/postgres/pool.ts'
import { prepareDatabase, whenPrepared } from './adapters/postgres/prepare.ts'
import { createMetrics } from './adapters/telemetry/metrics.ts'
import { canBeApproved, type Config, ConfigError } from './config.ts'
import { transform } from './engine.ts'
import { ScrimError } from './errors.ts'
import { parseStrictJson } from './policy/strict-json.ts'
import { createRangerParts } from './ranger.ts'
import { createAwaitedTopics } from './services/awaited-topics.ts'
import { createConnectorWatch } from './services/connector-watch.ts'
import { createDeadLetterSink } from './services/dead-letter-sink.ts'
import { createDeadLetters } from './services/dead-letters.ts'
import { aborted, createDeadline } from './services/deadline.ts'
import { createDependencies } from './services/dependencies.ts'
import { createInstances } from './services/instances.ts'
import { createLagWatch } from './services/lag-watch.ts'
import { createLetterOpener } from './services/letter-opener.ts'
import { createLiveness } from './services/liveness.ts'
import { createMaskStream } from './services/mask-stream.ts'
import { once } from './services/once.ts'
import { createPolicies } from './services/policies.ts'
import type { Log } from './services/ports/log.ts'
import { createPublishedKeys } from './services/published-keys.ts'
import { createQuarantine } from './services/quarantine.ts'
import { createReadiness } from './services/readiness.ts'
import { createRehearsal } from './services/rehearsal.ts'
import { createRelease } from './services/release.ts'
import { createReplay } from './services/replay.ts'
import { createSeenSchemas } from './services/seen-schemas.ts'
import { createTransformCalls } from './services/transform-calls.ts'

/** The source's loop may stand still so long: as a rebalance may take, twice, whatever the session timeout. */
const STILL_MS = 120_000

export interface App {
  /** Resolves after an orderly stop at the signal; rejects when it cannot go on. */
  readonly run: (signal: AbortSignal) => Promise<void>
  /** Reads the policy files again. */
  readonly reload: () => void
}

/** The wiring on one page: which adapter fills which port, what starts and stops when. */
export async function createApp(config: Config, log: Log): Promise<App> {
  const { databaseUrl } = config
  const auditSecret = auditSecretOf(config)
  if (databaseUrl === null) throw new ConfigError(['SCRIM_DATABASE_URL: is needed to run'])
  if (auditSecret === null)
    throw new ConfigError(['SCRIM_AUDIT_KEY: is needed (or KAFKA_ENCRYPTION_KEY, from which it is derived)'])
  if (!canBeApproved(config)) throw new ConfigError(['SCRIM_POLICY_APPROVAL: needs a token that may `approve`'])

  const metrics = createMetrics()
  const keys = createKeyRing(config)
  const sealing = sealingKeyOf(config)

  // Postgres
  const pool = createPool(databaseUrl, { applicationName: config.clientId })
  const prepare = once(() => prepareDatabase({ database: pool, databaseUrl, migrationsUrl: config.migrationsUrl }))
  const database = whenPrepared(pool, prepare)
  const stores = createPolicyStores({ database })
  const letterIndex = createDeadLetterIndex({ database })
  const calls = createCallTrail({ database })

  // Kafka
  const kafka = createKafkaClient({ config, log })
  const status = createKafkaStatus({ client: kafka })
  const outputTopics = createOutputTopics({
    client: kafka,
    isInput: topic => policies.current()?.names(topic) ?? false,
    log,
  })
  const sink = createMaskedSink({ client: kafka, outputTopics, compression: config.compression, log })
  const letterTopic = createDeadLetterTopic({
    client: kafka,
    topic: config.deadLetterTopic,
    compression: config.compression,
    log,
  })
  const letterReader = createLetterReader({ client: kafka, topic: config.deadLetterTopic })
  const recordReader = createRecordReader({ client: kafka, group: config.group })
  const rawTail = createRawTail({ client: kafka })
  const source = createRawSource({
    client: kafka,
    group: config.group,
    queueBytes: config.queueBytes,
    concurrency: config.concurrency,
    topicRefreshMs: config.topicRefreshMs,
    graceMs: config.graceMs,
    times: {
      sessionTimeoutMs: config.sessionTimeoutMs,
      heartbeatIntervalMs: Math.min(1_000, config.sessionTimeoutMs / 3),
    },
    facts: outputTopics.facts,
    onStuck: (topic, partition, offset, code) => stream.hold(topic, partition, offset, code),
    onEnded: () => stream.endHolds(),
    log,
  })

  // The audit trail names the cluster, so it exists only once Kafka has answered.
  const trail = once(async () =>
    createAuditTrail({
      database,
      key: auditSecret,
      clusterId: await status.clusterId(),
      sourceSystem: config.sourceSystem,
      targetSystem: config.targetSystem,
      userId: config.clientId,
    }),
  )
  const audit = {
    write: async (rows: Parameters<Awaited<ReturnType<typeof trail>>['write']>[0]) => (await trail()).write(rows),
  }

  // Services
  const publishedKeys = createPublishedKeys({ store: stores.publishedKeys, seen: stores.schemas })
  const seenSchemas = createSeenSchemas({ store: stores.schemas, keys: publishedKeys, log })
  const policies = createPolicies({
    store: stores.versions,
    files: createPolicyFolder({ path: config.policies }),
    keys,
    settings: config,
    rangerServices: config.rangerServices,
    cache: config.cacheDir === null ? null : createPolicyCache({ folder: config.cacheDir }),
    publishedKeys,
    approval: { isNeeded: config.policyApproval === 'two-person', store: stores.proposals, calls, metrics },
    check: seenSchemas.check,
    metrics,
    log,
  })
  const ranger = createRangerParts({ config, metrics, log }, policies, { database, clusterId: once(status.clusterId) })
  const quarantine = createQuarantine({ register: letterIndex, secret: auditSecret, limit: config.quarantineLimit })
  const stream = createMaskStream({
    source,
    sink,
    deadLetters: createDeadLetterSink({ box: letterTopic, register: letterIndex }),
    quarantine,
    audit,
    ...ranger.stream,
    plans: policies,
    sealing,
    auditSecret,
    settings: config,
    metrics,
    log,
  })
  const again = {
    open: createLetterOpener({ letters: letterReader, reader: recordReader, sealing }),
    reader: recordReader,
    quarantine: letterIndex,
    plans: policies,
    facts: outputTopics.facts,
    sink,
    audit: config.audit === 'off' ? null : audit,
    auditSecret,
    calls,
  }
  const deadLetters = createDeadLetters({
    index: letterIndex,
    quarantine: letterIndex,
    requests: createLetterRequests({ database }),
    partitions: { list: source.ours, alone: source.alone },
    names: topic => policies.current()?.names(topic) ?? false,
    replay: createReplay(again),
    release: createRelease(again),
    onReleased: ({ topic, partition }) => {
      quarantine.forget(topic, partition)
      stream.resume(topic, partition)
    },
    metrics,
    maxAttempts: config.deadLetterRetries,
    log,
  })
  const connectors =
    config.connectUrl === null
      ? null
      : createConnectorWatch({
          source: createConnectClient({ url: config.connectUrl }),
          names: config.connectors,
          metrics,
          log,
        })
  const dependencies = createDependencies({
    probes: [
      { name: 'kafka', ask: async () => (await status.ping()) ?? source.trouble() },
      { name: 'postgres', ask: () => database.ping().then(() => null) },
      ...ranger.probes,
    ],
    metrics,
    log,
  })
  const awaitedTopics = createAwaitedTopics({ topics: source.topics, plans: policies, log })
  const instances = createInstances({
    store: stores.instances,
    policies,
    self: { id: randomUUID(), clientId: config.clientId, host: hostname(), startedAt: new Date() },
    metrics,
    log,
  })
  const lag = createLagWatch({ source, held: stream.held, metrics })
  const asked = { policies, keys, settings: config, calls }
  const http = await createHttpServer({
    policies,
    readiness: createReadiness({
      policies,
      dependencies: () => [...dependencies.states(), ...(connectors === null ? [] : [connectors.dependency()])],
      held: stream.held,
      connectors: () => connectors?.states() ?? [],
      awaited: awaitedTopics.list,
      proposals: () => policies.proposals?.waiting() ?? null,
      instances: instances.counts,
      audit: config.audit,
      ...ranger.readiness,
      isAlive: createLiveness({
        movedAt: source.movedAt,
        dependencies: dependencies.states,
        stillMs: Math.max(3 * config.sessionTimeoutMs, STILL_MS),
      }),
    }),
    deadLetters,
    transformCalls: createTransformCalls({
      ...asked,
      transform: (records, plan) => transform(records, plan, Date.now),
    }),
    instances,
    rehearsal: createRehearsal({
      ...asked,
      tail: rawTail,
      reader: recordReader,
      schemas: stores.schemas,
      checks: [seenSchemas.check, publishedKeys.check],
    }),
    metrics,
    tokens: config.tokens ?? [],
    hosts: [config.httpHost, ...config.httpHosts],
    parseJson: parseStrictJson,
    log,
  })

  /** For the stop as a whole: what one step has used up, the next ones lack. */
  const stopping = createDeadline(config.graceMs)

  async function run(signal: AbortSignal): Promise<void> {
    const address = await http.listen({ host: config.httpHost, port: config.httpPort })
    log.info({ address }, 'listening')
    signal.addEventListener('abort', stopping.start, { once: true })
    const loops = new AbortController()
    const inner = AbortSignal.any([signal, loops.signal])
    const planned = new Promise<void>(resolve => policies.onChange(resolve))
    const masking = async (): Promise<void> => {
      await Promise.race([planned, aborted(inner)])
      if (!inner.aborted) await stream.run(inner)
    }
    const running = [
      dependencies.run(inner),
      awaitedTopics.run(inner),
      lag.run(inner),
      policies.run(inner),
      seenSchemas.run(policies, inner),
      masking(),
      deadLetters.run(inner),
      instances.run(inner),
      ...[policies.proposals, connectors, ranger].map(part => part?.run(inner)),
    ]
    try {
      // All of them run until the signal; the first that cannot go on ends the others.
      await Promise.race([Promise.all(running), aborted(signal)])
    } finally {
      stopping.start()
      loops.abort()
      await within(Promise.allSettled(running), stopping.leftMs())
      await close()
    }
  }

  /** Last in, first out: nothing is closed that something else still uses. */
  async function close(): Promise<void> {
    const senders = () => [
      sink.close(),
      letterTopic.close(),
      letterReader.close(),
      recordReader.close(),
      rawTail.close(),
    ]
    await http.close(stopping.leftMs())
    await within(Promise.allSettled(senders()), stopping.leftMs())
    await within(Promise.allSettled([kafka.close(), database.end(), ranger.close()]), stopping.leftMs())
  }

  return {
    run,
    reload: () => {
      policies.reload({ author: 'SIGHUP', reason: 'SIGHUP', force: false }).catch((error: unknown) => {
        log.warn({ code: error instanceof ScrimError ? error.code : 'INTERNAL' }, 'the policy files were not taken')
      })
    },
  }
}
