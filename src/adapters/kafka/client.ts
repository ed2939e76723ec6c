import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type Admin, Kafka, type KafkaConfig, type logCreator, logLevel } from 'kafkajs'
import type { Config } from '../../config.ts'
import type { Log } from '../../services/ports/log.ts'
import { registerCodecs } from './codecs.ts'
import { kafkaError, kafkaErrorType } from './kafka-error.ts'
import { installConnectionOverride } from './overrides/connection.ts'
import { installConsumerGroupOverride } from './overrides/consumer-group.ts'
import { type Cluster, openCluster, requirePinnedKafkajs } from './overrides/internals.ts'
import { installRequestQueueOverride } from './overrides/request-queue.ts'

export type KafkaSettings = Pick<
  Config,
  'brokers' | 'clientId' | 'username' | 'password' | 'sasl' | 'tls' | 'tlsCa' | 'tlsCert' | 'tlsKey'
>

export interface KafkaClientOptions {
  readonly config: KafkaSettings
  readonly log: Log
  readonly connectionTimeoutMs?: number
  readonly requestTimeoutMs?: number
}

/** Sockets of their own under one kafkajs client. */
export interface KafkaSession {
  readonly kafka: Kafka
  /** Connections and metadata alone; nothing is created by asking for a topic. */
  readonly cluster: () => Cluster
  /**
   * Destroys the sockets; with `forever` no new ones are made. kafkajs retries behind our back and waits for answers that
   * will not come: this is the only way to be sure that nothing is sent any more.
   */
  readonly cut: (forever: boolean) => void
}

export interface KafkaClient {
  readonly open: () => KafkaSession
  /** Runs with a connected admin client. It is kept, and made anew after a failure. Errors come out as ours. */
  readonly admin: <T>(use: (admin: Admin) => Promise<T>) => Promise<T>
  readonly requestTimeoutMs: number
  readonly close: () => Promise<void>
}

/** Everything that speaks to Kafka comes from here: addresses, security, timeouts, log and codecs are the same for all. */
export function createKafkaClient({
  config,
  log,
  connectionTimeoutMs = 5_000,
  requestTimeoutMs = 15_000,
}: KafkaClientOptions): KafkaClient {
  requirePinnedKafkajs()
  installRequestQueueOverride()
  installConnectionOverride()
  installConsumerGroupOverride()
  registerCodecs()

  const open = (): KafkaSession => {
    const sockets = new Set<Socket>()
    let isCut = false
    const kafka = new Kafka({
      ...securityOf(config),
      clientId: config.clientId,
      brokers: [...config.brokers],
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // Short, for each loop of ours tries again with its own patience.
      retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 4 },
      logLevel: logLevel.WARN,
      logCreator: logTo(log),
      socketFactory: ({ host, port, ssl, onConnect }) => {
        if (isCut) throw new Error('cut')
        const socket = ssl
          ? connectTls(
              {
                host,
                port,
                ...(isIP(host) === 0 ? { servername: host } : {}),
                ...ssl,
              },
              onConnect,
            )
          : connectTcp({ host, port }, onConnect)
        socket.setKeepAlive(true, 60_000).setNoDelay(true)
        sockets.add(socket)
        socket.once('close', () => {
          sockets.delete(socket)
          // kafkajs disconnects a dead socket again and again, and each time `unref` leaves a listener on it.
          socket.unref = () => socket
        })
        return socket
      },
    })
    return {
      kafka,
      cluster: () => openCluster(kafka, { metadataMaxAge: 300_000 }),
      cut: forever => {
        isCut ||= forever
        // With an error, so that kafkajs rejects what is under way instead of waiting for its timeout.
        for (const socket of sockets) socket.destroy(Object.assign(new Error('cut'), { code: 'ECONNRESET' }))
      },
    }
  }

  interface OpenAdmin {
    readonly session: KafkaSession
    readonly connected: Promise<Admin>
  }
  let current: OpenAdmin | undefined
  const openAdmin = (): OpenAdmin => {
    const session = open()
    const admin = session.kafka.admin()
    return { session, connected: admin.connect().then(() => admin) }
  }

  return {
    open,
    requestTimeoutMs,
    admin: async use => {
      const mine = (current ??= openAdmin())
      try {
        return await use(await mine.connected)
      } catch (error) {
        // An answer of the broker, even a no, says that the connection is sound.
        if (kafkaErrorType(error) === undefined) {
          if (current === mine) current = undefined
          closeAdmin(mine)
        }
        throw kafkaError(error)
      }
    },
    close: async () => {
      const mine = current
      current = undefined
      if (mine !== undefined) closeAdmin(mine)
    },
  }
}

// Others may still use it: they see their calls fail and ask again.
function closeAdmin({
  session,
  connected,
}: {
  readonly session: KafkaSession
  readonly connected: Promise<Admin>
}): void {
  session.cut(true)
  connected.then(admin => admin.disconnect()).catch(() => {})
}

function securityOf(config: KafkaSettings): Pick<KafkaConfig, 'ssl' | 'sasl'> {
  const { username, password, tlsCa, tlsCert, tlsKey } = config
  const ssl =
    config.tls || tlsCa !== null || tlsCert !== null
      ? {
          ...(tlsCa === null ? {} : { ca: [tlsCa] }),
          ...(tlsCert === null ? {} : { cert: tlsCert }),
          ...(tlsKey === null ? {} : { key: tlsKey }),
        }
      : undefined
  // kafkajs types each mechanism apart, so the one name that is a union of them does not fit any.
  const sasl =
    username === null
      ? undefined
      : ({
          mechanism: config.sasl,
          username,
          password: password ?? '',
        } as NonNullable<KafkaConfig['sasl']>)
  return {
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl }),
  }
}

/**
 * kafkajs' texts quote errors, and those quote data: what comes through is who spoke, how loud, and a name. All of it for
 * debugging: kafkajs shouts at each attempt to connect, and what matters our own loops tell with a code.
 */
function logTo(log: Log): logCreator {
  return () =>
    ({ level, namespace, log: entry }) => {
      const broker: unknown = entry.broker
      const loudness = level === logLevel.ERROR ? 'error' : 'warning'
      const kind = classOf(entry.stack)
      log.debug(
        { part: namespace, loudness, kind, broker: typeof broker === 'string' ? broker : undefined },
        'Kafka client',
      )
    }
}

/** The class at the beginning of a stack; nothing of what follows. */
function classOf(stack: unknown): string | undefined {
  return typeof stack === 'string'
    ? /^(?:[A-Za-z]{1,60}Error|KafkaJS[A-Za-z]{1,60})(?=[:\n])/.exec(stack)?.[0]
    : undefined
}
