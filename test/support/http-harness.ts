import { randomUUID } from 'node:crypto'
import { vi } from 'vitest'
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../src/adapters/http/server.ts'
import type { Permission, Token } from '../../src/config.ts'
import { transform } from '../../src/engine.ts'
import { parseStrictJson } from '../../src/policy/strict-json.ts'
import { createPolicies, type Policies } from '../../src/services/policies.ts'
import type { PublishedKeyStore } from '../../src/services/ports/policies.ts'
import { createPublishedKeys } from '../../src/services/published-keys.ts'
import type { Dependency } from '../../src/services/ports/watching.ts'
import type { HeldPartition } from '../../src/services/ports/stream.ts'
import { createInstances, type Instances } from '../../src/services/instances.ts'
import { createReadiness } from '../../src/services/readiness.ts'
import { createRehearsal } from '../../src/services/rehearsal.ts'
import { createTransformCalls } from '../../src/services/transform-calls.ts'
import { createDeadLetterWorld, createMemoryDeadLetters, type DeadLetterWorld } from './memory-dead-letters.ts'
import { createMemoryInstanceStore } from './memory-instance-store.ts'
import { createMemoryPolicyFiles } from './memory-policy-files.ts'
import { createMemoryPolicyStore, createMemoryPolicyTable, type MemoryPolicyTable } from './memory-policy-store.ts'
import { createMemoryProposalStore } from './memory-proposal-store.ts'
import { createMemoryPublishedKeyStore } from './memory-published-key-store.ts'
import { createMemoryRawTail, type MemoryRawTail } from './memory-raw-tail.ts'
import { testKeys, testSettings } from './policy-documents.ts'
import { createQuietLog } from './quiet-log.ts'

const token = (name: string, ...permissions: Permission[]): Token => ({
  name,
  secret: `secret-of-${name}-0123456789`,
  permissions: new Set(permissions),
})

export const tokens = {
  all: token('all', 'read', 'policies', 'approve', 'transform', 'replay', 'dry-run', 'explain'),
  reader: token('reader', 'read'),
  steward: token('steward', 'read', 'policies'),
  approver: token('approver', 'read', 'approve'),
  second: token('second', 'read', 'policies', 'approve'),
  masker: token('masker', 'transform'),
  replayer: token('replayer', 'replay'),
  rehearser: token('rehearser', 'dry-run'),
  explainer: token('explainer', 'explain'),
} as const

export const bearer = (who: keyof typeof tokens): { authorization: string } => ({
  authorization: `Bearer ${tokens[who].secret}`,
})

export interface HttpHarness {
  readonly server: HttpServer
  readonly policies: Policies
  readonly table: MemoryPolicyTable
  readonly files: ReturnType<typeof createMemoryPolicyFiles>
  readonly keyStore: PublishedKeyStore
  readonly world: DeadLetterWorld
  readonly instances: Instances
  readonly tail: MemoryRawTail
  readonly log: ReturnType<typeof createQuietLog>
  readonly health: { dependencies: Dependency[]; held: HeldPartition[]; isAlive: boolean; awaited: string[] }
  readonly close: () => Promise<void>
}

export interface HarnessOptions extends Partial<HttpServerOptions> {
  readonly audit?: 'record' | 'off'
  /** Starts without waiting for a plan, for there will be none. */
  readonly isStoreAway?: boolean
  readonly approval?: 'two-person'
}

/** The real server over the real services; only the outside is in memory. */
export async function startHttp(
  documents: Record<string, unknown>,
  options: HarnessOptions = {},
): Promise<HttpHarness> {
  const table = createMemoryPolicyTable()
  table.isAway = options.isStoreAway ?? false
  const files = createMemoryPolicyFiles(documents)
  const world = createDeadLetterWorld()
  const log = createQuietLog()
  const stop = new AbortController()
  const health: HttpHarness['health'] = { dependencies: [], held: [], isAlive: true, awaited: [] }
  const calls = { write: async (row: DeadLetterWorld['called'][number]) => void world.called.push(row) }
  const keyStore = createMemoryPublishedKeyStore()
  const store = createMemoryPolicyStore(table)
  const tail = createMemoryRawTail()
  const policies = createPolicies({
    publishedKeys: createPublishedKeys({ store: keyStore }),
    approval: {
      isNeeded: options.approval === 'two-person',
      store: createMemoryProposalStore({ rows: [] }, table, store, keyStore),
      calls,
    },
    store,
    files,
    keys: testKeys,
    settings: testSettings,
    cache: null,
    metrics: { reload: () => undefined, policyVersion: () => undefined },
    log,
    retryMs: 5,
  })
  const deadLetters = createMemoryDeadLetters(world, { plans: policies, calls, log })
  const instanceStore = createMemoryInstanceStore(table)
  const instances = createInstances({
    store: instanceStore,
    policies,
    self: { id: randomUUID(), clientId: 'scrim', host: 'here', startedAt: new Date() },
    metrics: { instances: () => undefined },
    log,
  })
  const server = await createHttpServer({
    policies,
    readiness: createReadiness({
      policies,
      dependencies: () => health.dependencies,
      held: () => health.held,
      connectors: () => [],
      awaited: () => health.awaited,
      audit: options.audit ?? 'record',
      isAlive: () => health.isAlive,
    }),
    deadLetters,
    instances,
    rehearsal: createRehearsal({
      policies,
      keys: testKeys,
      settings: testSettings,
      tail,
      reader: tail.reader,
      schemas: { all: async () => [] },
      calls,
      checks: [],
    }),
    transformCalls: createTransformCalls({ policies, keys: testKeys, settings: testSettings, transform, calls }),
    metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: async () => 'scrim_up 1\n' },
    tokens: Object.values(tokens),
    hosts: ['scrim.example'],
    parseJson: parseStrictJson,
    log,
    ...options,
  })
  const running = policies.run(stop.signal)
  await vi.waitFor(() => {
    if (policies.current() === null && !table.isAway) throw new Error('no plan yet')
  })
  return {
    server,
    policies,
    table,
    files,
    keyStore,
    world,
    instances,
    tail,
    log,
    health,
    close: async () => {
      stop.abort()
      await server.close(0)
      await running
    },
  }
}
