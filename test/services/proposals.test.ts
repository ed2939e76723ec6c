import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ScrimError } from '../../src/errors.ts'
import { createPolicies, type Policies, type PoliciesOptions } from '../../src/services/policies.ts'
import type { CallRow } from '../../src/services/ports/audit.ts'
import type { ProposalStore } from '../../src/services/ports/proposals.ts'
import { createReadiness } from '../../src/services/readiness.ts'
import { createMemoryPolicyFiles } from '../support/memory-policy-files.ts'
import {
  createMemoryPolicyStore,
  createMemoryPolicyTable,
  type MemoryPolicyTable,
} from '../support/memory-policy-store.ts'
import { createMemoryProposalStore, type MemoryProposals } from '../support/memory-proposal-store.ts'
import { createMemoryPublishedKeyStore } from '../support/memory-published-key-store.ts'
import { aPolicy, testKeys, testSettings } from '../support/policy-documents.ts'
import { createQuietLog } from '../support/quiet-log.ts'

const anna = { author: 'anna', reason: 'because', ifMatch: '*' } as const
const bob = { author: 'bob', reason: 'looked at', requestId: 'r' }

let table: MemoryPolicyTable
let proposals: MemoryProposals
let called: CallRow[]
let stop: AbortController
let running: Promise<void>[]
beforeEach(() => {
  table = createMemoryPolicyTable()
  proposals = { rows: [] }
  called = []
  stop = new AbortController()
  running = []
})
afterEach(async () => {
  stop.abort()
  await Promise.all(running)
})

function start(files: PoliciesOptions['files'], isNeeded = true, change: Partial<ProposalStore> = {}): Policies {
  const store = createMemoryPolicyStore(table)
  const policies = createPolicies({
    store,
    files,
    keys: testKeys,
    settings: testSettings,
    cache: null,
    approval: {
      isNeeded,
      store: { ...createMemoryProposalStore(proposals, table, store, createMemoryPublishedKeyStore()), ...change },
      calls: { write: async row => void called.push(row) },
    },
    metrics: { reload: () => undefined, policyVersion: () => undefined },
    log: createQuietLog(),
    retryMs: 5,
  })
  running.push(policies.run(stop.signal))
  return policies
}

const loaded = (policies: Policies) => vi.waitFor(() => expect(policies.current()).not.toBeNull(), { interval: 2 })
const noticesOf = (policies: Policies, waiting: () => number | null = () => 0): readonly string[] =>
  createReadiness({
    policies,
    dependencies: () => [],
    held: () => [],
    connectors: () => [],
    awaited: () => [],
    proposals: waiting,
    audit: 'record',
    isAlive: () => true,
  }).report().notices

test('files that every instance sees are one proposal; where it is approved all of them stop to wait', async () => {
  const files = createMemoryPolicyFiles({ 'a.json': aPolicy('a') })
  const [one, other] = [start(files), start(files)]
  await Promise.all([one, other].map(loaded))
  expect(table.versions).toHaveLength(1)
  files.set({ 'a.json': aPolicy('a', 'null') })
  await vi.waitFor(() => {
    for (const policies of [one, other])
      expect(noticesOf(policies)).toEqual([expect.stringContaining('POLICY_APPROVAL_NEEDED')])
  })
  expect(proposals.rows).toMatchObject([{ author: 'files', state: 'open', wanted: { origin: 'files' } }])
  expect(called).toEqual([])
  await one.proposals?.approve('1', bob)
  await vi.waitFor(() => expect(other.current()?.version).toBe(2))
  expect([noticesOf(one), noticesOf(other)]).toEqual([[], []])
  expect(table.versions).toHaveLength(2)
})

test('a start takes nothing by itself in place of what it cannot run: it lives, not ready, until somebody approves', async () => {
  const digest = 'of the files that made version 1'
  const version = {
    author: 'files',
    approver: null,
    reason: '',
    patch: [],
    origin: 'files',
    filesDigest: digest,
  } as const
  await createMemoryPolicyStore(table).add(0, { ...version, documents: [aPolicy('a', 'nonsense')] })
  const policies = start(createMemoryPolicyFiles({ 'a.json': aPolicy('a') }))
  await vi.waitFor(() => expect(policies.status().files?.proposal).toMatchObject({ id: '1' }))
  expect(policies.current()).toBeNull()
  expect(policies.status().code).toBe('POLICY_REFUSED')
  await policies.proposals?.approve('1', bob)
  expect(policies.current()?.names('raw.a')).toBe(true)
  await vi.waitFor(() => expect(policies.status()).toMatchObject({ code: null, files: null, version: 2 }))
})

test('files that say the same in other words need nobody', async () => {
  const files = createMemoryPolicyFiles({ 'a.json': aPolicy('a') })
  const policies = start(files)
  await loaded(policies)
  files.set({ 'a.json': JSON.stringify(aPolicy('a'), null, 2) })
  await vi.waitFor(() => expect(table.versions).toHaveLength(2))
  expect(table.versions[1]).toMatchObject({ patch: [], approver: null })
  expect(proposals.rows).toEqual([])
})

test('what was proposed under the rule can be approved, and only by another one, after it was switched off', async () => {
  const files = createMemoryPolicyFiles({ 'a.json': aPolicy('a') })
  const strict = start(files)
  await loaded(strict)
  await strict.put('b', aPolicy('b'), anna)
  const free = start(files, false)
  await loaded(free)
  await expect(free.proposals?.approve('1', { ...bob, author: 'anna' })).rejects.toMatchObject({
    code: 'POLICY_APPROVAL_SAME_PERSON',
  })
  expect(await free.proposals?.approve('1', bob)).toMatchObject({ version: 2 })
})

test('an approval that the store cannot take is not done, and its row is not what fails it', async () => {
  const policies = start(createMemoryPolicyFiles({ 'a.json': aPolicy('a') }))
  await loaded(policies)
  await policies.put('b', aPolicy('b'), anna)
  table.isAway = true
  await expect(policies.proposals?.approve('1', bob)).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' })
  table.isAway = false
  expect(policies.current()?.version).toBe(1)
  expect(await policies.proposals?.approve('1', bob)).toMatchObject({ version: 2 })
})

test('who proposed it, and what was proposed on another set, do not even reach the store', async () => {
  const approveSet = vi.fn<ProposalStore['approveSet']>()
  const policies = start(createMemoryPolicyFiles({ 'a.json': aPolicy('a') }), true, { approveSet })
  await loaded(policies)
  await policies.put('b', aPolicy('b'), anna)
  const approve = (author: string) => policies.proposals?.approve('1', { ...bob, author })
  await expect(approve('anna')).rejects.toMatchObject({ code: 'POLICY_APPROVAL_SAME_PERSON' })
  const [first] = table.versions
  if (first === undefined) throw new Error('the first import made a version')
  await createMemoryPolicyStore(table).add(1, { ...first, documents: [aPolicy('c')] })
  await expect(approve('bob')).rejects.toMatchObject({ code: 'POLICY_PROPOSAL_STALE' })
  expect(approveSet).not.toHaveBeenCalled()
})

test('a version that another instance adds while the approval is examined makes the proposal stale', async () => {
  const approveSet: ProposalStore['approveSet'] = () => Promise.reject(new ScrimError('POLICY_CONFLICT'))
  const policies = start(createMemoryPolicyFiles({ 'a.json': aPolicy('a') }), true, { approveSet })
  await loaded(policies)
  await policies.put('b', aPolicy('b'), anna)
  await expect(policies.proposals?.approve('1', bob)).rejects.toMatchObject({ code: 'POLICY_PROPOSAL_STALE' })
  expect(policies.current()?.version).toBe(1)
})

test('how many wait is known where it happens at once, elsewhere soon, and not while the store is away', async () => {
  const files = createMemoryPolicyFiles({ 'a.json': aPolicy('a') })
  const [one, other] = [start(files), start(files)]
  await Promise.all([one, other].map(loaded))
  const desk = (policies: Policies) => policies.proposals ?? expect.fail('there is one')
  await one.put('b', aPolicy('b'), anna)
  expect(desk(one).waiting()).toBe(1)
  expect(desk(other).waiting()).toBeNull()
  running.push(desk(other).run(stop.signal))
  await vi.waitFor(() => expect(desk(other).waiting()).toBe(1))
  expect(noticesOf(other, desk(other).waiting)).toEqual([expect.stringMatching(/^POLICY_APPROVAL_NEEDED: .* 1 open/)])
  await desk(one).approve('1', bob)
  expect(desk(one).waiting()).toBe(0)
  table.isAway = true
  running.push(desk(one).run(stop.signal))
  await vi.waitFor(() => expect(desk(one).waiting()).toBeNull())
  expect(noticesOf(one, desk(one).waiting)).toEqual([])
})
