import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { InstanceCounts } from '../../services/instances.ts'
import type { PartitionLag } from '../../services/lag-watch.ts'
import type { RangerLook } from '../../services/ranger-source.ts'
import type { BatchFacts, HeldPartition } from '../../services/ports/stream.ts'
import type { ConnectorState, Dependency } from '../../services/ports/watching.ts'
import type { DeadLetterState } from '../../services/ports/dead-letters.ts'

/** Everything that is counted. Each call is made once for a batch or a look, never for a record; labels come from closed sets. */
export interface Metrics {
  readonly batch: (facts: BatchFacts) => void
  readonly lag: (partitions: readonly PartitionLag[]) => void
  readonly held: (partitions: readonly HeldPartition[]) => void
  readonly deadLetters: (counts: Readonly<Record<DeadLetterState, number>>) => void
  readonly policyVersion: (version: number) => void
  readonly reload: (outcome: 'accepted' | 'proposed' | 'unchanged' | 'refused') => void
  readonly proposals: (waiting: number) => void
  readonly instances: (counts: InstanceCounts) => void
  readonly connectors: (states: readonly ConnectorState[]) => void
  readonly dependencies: (states: readonly Dependency[]) => void
  readonly rangerLook: (service: string, outcome: RangerLook, policyVersion: number | null) => void
  readonly rangerAudit: (waiting: number, newlyLost: number) => void
  readonly contentType: string
  readonly text: () => Promise<string>
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

export function createMetrics({ now = Date.now }: { readonly now?: () => number } = {}): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })

  const records = new Counter({
    name: 'scrim_records_total',
    help: 'Records by what became of them; `reason` of a drop or a reject.',
    labelNames: ['topic', 'view', 'outcome', 'reason'] as const,
    registers,
  })
  const rawBytes = new Counter({
    name: 'scrim_raw_bytes_total',
    help: 'Bytes of raw batches.',
    labelNames: ['topic'] as const,
    registers,
  })
  const maskedBytes = new Counter({
    name: 'scrim_masked_bytes_total',
    help: 'Bytes of masked records.',
    labelNames: ['topic', 'view'] as const,
    registers,
  })
  const unmatched = new Counter({
    name: 'scrim_selector_unmatched_total',
    help: 'Values in which a rule on a part of the column found nothing, by policy and path in it.',
    labelNames: ['topic', 'view', 'policy', 'path'] as const,
    registers,
  })
  const batchSeconds = new Histogram({
    name: 'scrim_batch_seconds',
    help: 'From taking a batch to its commit.',
    labelNames: ['topic'] as const,
    buckets: SECONDS,
    registers,
  })
  const endToEnd = new Histogram({
    name: 'scrim_end_to_end_seconds',
    help: "From the timestamp of a batch's oldest record to its commit.",
    labelNames: ['topic'] as const,
    buckets: SECONDS,
    registers,
  })
  const lagMessages = new Gauge({
    name: 'scrim_lag_messages',
    help: 'Messages of an assigned partition that are not masked yet.',
    labelNames: ['topic', 'partition'] as const,
    registers,
  })
  const lagSeconds = new Gauge({
    name: 'scrim_lag_seconds',
    help: 'How long an assigned partition has not been at its end.',
    labelNames: ['topic', 'partition'] as const,
    registers,
  })
  const held = new Gauge({
    name: 'scrim_held_partitions',
    help: 'Partitions that wait for somebody to act, by code.',
    labelNames: ['topic', 'code'] as const,
    registers,
  })
  const letters = new Gauge({
    name: 'scrim_dead_letters',
    help: 'Dead letters by state.',
    labelNames: ['state'] as const,
    registers,
  })
  const version = new Gauge({ name: 'scrim_policy_version', help: 'The policy version in force.', registers })
  const proposals = new Gauge({
    name: 'scrim_policy_proposals',
    help: 'Changes of the policies that wait for a second person; 100 stands for all that are more.',
    registers,
  })
  const instances = new Gauge({
    name: 'scrim_policy_instances',
    help: 'Instances by the version they run: current, behind, or silent (not heard of lately). All of them tell the same.',
    labelNames: ['state'] as const,
    registers,
  })
  const reloads = new Counter({
    name: 'scrim_policy_reloads_total',
    help: 'Policy sets that were offered, by what became of them.',
    labelNames: ['outcome'] as const,
    registers,
  })
  const connectorUp = new Gauge({
    name: 'scrim_connector_running',
    help: '1 where the connector and all its tasks run.',
    labelNames: ['connector', 'type', 'state'] as const,
    registers,
  })
  const tasks = new Gauge({
    name: 'scrim_connector_tasks',
    help: 'Tasks of a connector by state.',
    labelNames: ['connector', 'state'] as const,
    registers,
  })
  const up = new Gauge({
    name: 'scrim_dependency_up',
    help: '1 where what we depend on answers.',
    labelNames: ['dependency'] as const,
    registers,
  })
  const rangerVersion = new Gauge({
    name: 'scrim_ranger_policy_version',
    help: 'The number that Ranger Admin gave the policies of a service that are in force.',
    labelNames: ['service'] as const,
    registers,
  })
  const rangerLooks = new Counter({
    name: 'scrim_ranger_looks_total',
    help: 'Looks at a service of Ranger Admin by what came of them: new, same, refused, failed.',
    labelNames: ['service', 'outcome'] as const,
    registers,
  })
  const rangerAuditWaiting = new Gauge({
    name: 'scrim_ranger_audit_waiting',
    help: 'Audit events in Ranger form that wait for their file or HTTP sink.',
    registers,
  })
  const rangerAuditLost = new Counter({
    name: 'scrim_ranger_audit_lost_total',
    help: 'Audit events in Ranger form that did not fit into the buffer while their sink was away.',
    registers,
  })

  return {
    batch: ({ topic, view, published, dropped, rejected, ...facts }) => {
      records.inc({ topic, view, outcome: 'publish', reason: '' }, published)
      for (const [reason, count] of Object.entries(dropped))
        records.inc({ topic, view, outcome: 'drop', reason }, count)
      for (const [reason, count] of Object.entries(rejected))
        records.inc({ topic, view, outcome: 'reject', reason }, count)
      for (const { policy, path, values } of facts.unmatched) unmatched.inc({ topic, view, policy, path }, values)
      rawBytes.inc({ topic }, facts.rawBytes)
      maskedBytes.inc({ topic, view }, facts.maskedBytes)
      batchSeconds.observe({ topic }, facts.seconds)
      if (facts.oldestTimestampMs > 0)
        endToEnd.observe({ topic }, Math.max(0, (now() - facts.oldestTimestampMs) / 1000))
    },
    lag: partitions => {
      // What is no longer ours must not stay as it was last.
      lagMessages.reset()
      lagSeconds.reset()
      for (const { topic, partition, messages, seconds } of partitions) {
        lagMessages.set({ topic, partition }, messages)
        lagSeconds.set({ topic, partition }, seconds)
      }
    },
    held: partitions => {
      held.reset()
      for (const { topic, code } of partitions) held.inc({ topic, code })
    },
    deadLetters: counts => {
      for (const [state, count] of Object.entries(counts)) letters.set({ state }, count)
    },
    policyVersion: number => version.set(number),
    reload: outcome => reloads.inc({ outcome }),
    proposals: waiting => proposals.set(waiting),
    instances: counts => {
      for (const [state, count] of Object.entries(counts)) instances.set({ state }, count)
    },
    connectors: states => {
      connectorUp.reset()
      tasks.reset()
      for (const { name, type, state, tasks: list } of states) {
        const runs = state === 'RUNNING' && list.length > 0 && list.every(task => task.state === 'RUNNING')
        connectorUp.set({ connector: name, type, state }, runs ? 1 : 0)
        for (const task of list) tasks.inc({ connector: name, state: task.state })
      }
    },
    dependencies: states => {
      for (const { name, up: isUp } of states) up.set({ dependency: name }, isUp ? 1 : 0)
    },
    rangerLook: (service, outcome, policyVersion) => {
      rangerLooks.inc({ service, outcome })
      if (policyVersion !== null) rangerVersion.set({ service }, policyVersion)
    },
    rangerAudit: (waiting, newlyLost) => {
      rangerAuditWaiting.set(waiting)
      rangerAuditLost.inc(newlyLost)
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
  }
}
