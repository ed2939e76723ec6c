import { type PartitionAssigner, PartitionAssigners } from 'kafkajs'
import { type Cluster, type ConsumerGroup, consumerGroupMethods } from './internals.ts'

/**
 * What kafkajs does not offer and the source cannot do without. Only consumers that were made with `hookedAssigner` are
 * concerned; all others behave as before.
 *
 * - It has no awaited revocation: a rejoin happens under running handlers. `beforeJoin` is awaited before every join.
 * - Its fetch repairs OFFSET_OUT_OF_RANGE by committing another offset, which skips records; moves on by the last record
 *   instead of the batch's end, and so sticks on compacted topics; and dies on big batches. `fetch` takes its place.
 * - It keeps the time of the answer, not of the question, and tells nobody when a heartbeat fails.
 */
export interface GroupHooks {
  /** Awaited before each join. The member has lost its partitions when it resolves. */
  readonly beforeJoin: (group: ConsumerGroup) => Promise<void>
  readonly joined: (group: ConsumerGroup) => void
  /** What kafkajs gets to see instead: whether it tries again depends on it. */
  readonly joinFailed: (error: unknown) => unknown
  readonly fetch: (group: ConsumerGroup, nodeId: string) => Promise<void>
  /** Throws where the member has to join again first. */
  readonly beforeHeartbeat: () => void
  /** The coordinator answered a heartbeat that was sent at this time (performance.now). */
  readonly alive: (sentAt: number) => void
  /** The heartbeat failed with this type of Kafka error. */
  readonly heartbeatFailed: (type: string | undefined) => void
}

const hooksOf = new WeakMap<Cluster, GroupHooks>()
const installed = Symbol.for('scrim kafkajs consumer group')

/** kafkajs' round robin. It is the one place where kafkajs shows us the cluster object of a consumer. */
export const hookedAssigner =
  (hooks: GroupHooks): PartitionAssigner =>
  options => {
    const cluster: object = options.cluster
    hooksOf.set(cluster as Cluster, hooks)
    return PartitionAssigners.roundRobin(options)
  }

export function installConsumerGroupOverride(): void {
  const methods = consumerGroupMethods()
  if (Reflect.has(methods, installed)) return
  const { joinAndSync, fetch, heartbeat } = methods

  methods.joinAndSync = async function () {
    const hooks = hooksOf.get(this.cluster)
    if (hooks === undefined) return joinAndSync.call(this)
    await hooks.beforeJoin(this)
    try {
      await joinAndSync.call(this)
    } catch (error) {
      throw hooks.joinFailed(error)
    }
    hooks.joined(this)
  }

  methods.fetch = async function (nodeId) {
    const hooks = hooksOf.get(this.cluster)
    if (hooks === undefined) return fetch.call(this, nodeId)
    await hooks.fetch(this, nodeId)
    // Nothing for kafkajs' own handlers: it sends a heartbeat and asks again.
    return []
  }

  methods.heartbeat = async function (options) {
    const hooks = hooksOf.get(this.cluster)
    if (hooks === undefined) return heartbeat.call(this, options)
    hooks.beforeHeartbeat()
    const sentAt = performance.now()
    const before = this.lastRequest
    try {
      await heartbeat.call(this, options)
    } catch (error) {
      hooks.heartbeatFailed(
        error instanceof Error && 'type' in error && typeof error.type === 'string' ? error.type : undefined,
      )
      throw error
    }
    if (this.lastRequest !== before) hooks.alive(sentAt)
  }
  Reflect.set(methods, installed, true)
}

/** An error that makes kafkajs join the group again. */
export class RejoinNeeded extends Error {
  readonly type = 'ILLEGAL_GENERATION'
}
