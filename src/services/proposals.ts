import { PoliciesRefused, type Problem, ScrimError } from '../errors.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { diffPolicies, diffText, type PolicyDiff } from '../policy/policy-diff.ts'
import { readDocuments } from '../policy/read-documents.ts'
import { pause } from './back-off.ts'
import type { PlanInForce } from './plan-in-force.ts'
import { type Examination, type Examined, taken } from './policy-examination.ts'
import type { CallRow, CallTrail } from './ports/audit.ts'
import type { Log } from './ports/log.ts'
import type { PolicyStore, PolicyVersion } from './ports/policies.ts'
import type { Closing, Proposal, ProposalDraft, ProposalStore, Wanted } from './ports/proposals.ts'

/** The rule of two persons, and where what waits for the second one is kept. */
export interface Approval {
  /** Off: what is there can still be approved or closed, nothing new has to be. */
  readonly isNeeded: boolean
  readonly store: ProposalStore
  readonly calls: CallTrail
  readonly metrics?: { readonly proposals: (waiting: number) => void }
}

export interface ProposedChange {
  readonly proposal: Proposal
  readonly warnings: readonly Problem[]
}

export interface ApprovedChange {
  readonly proposal: Proposal
  /** The version in force now. */
  readonly version: number
  readonly warnings: readonly Problem[]
  /** The key columns that were forgotten, where that was proposed. */
  readonly columns?: readonly string[]
}

export interface InspectedProposal {
  readonly proposal: Proposal
  /** From what stands now, for a closed one from what stood then; null where no policy is touched. */
  readonly diff: PolicyDiff | null
  /** The version that the diff starts from. */
  readonly from: number
  /** What stands against an open one now; an error will refuse its approval. */
  readonly problems: readonly Problem[]
  /** The diff for people. */
  readonly text: () => string
}

export interface ProposalCall extends Closing {
  readonly requestId: string
}

/**
 * Changes that wait for a second person. An approval examines them again, and takes them only on the very set on which
 * they were proposed: what is approved is what was looked at.
 */
export interface Proposals {
  readonly isNeeded: boolean
  readonly list: ProposalStore['list']
  readonly inspect: (id: string) => Promise<InspectedProposal>
  readonly approve: (id: string, by: ProposalCall) => Promise<ApprovedChange>
  readonly reject: (id: string, by: ProposalCall) => Promise<Proposal>
  readonly withdraw: (id: string, by: ProposalCall) => Promise<Proposal>
  /** How many wait for somebody, as last looked; null where the store did not say. */
  readonly waiting: () => number | null
  /** Looks how many wait, until the signal: whoever could approve has to be told. */
  readonly run: (signal: AbortSignal) => Promise<void>
}

/** The name under which files speak that nobody asked to read. */
export const FILES = 'files'

const LOOK_MS = 15_000
const MOST_COUNTED = 100

export interface ProposalsOptions extends Approval {
  readonly policies: Pick<PolicyStore, 'current' | 'get' | 'list' | 'pinned'>
  readonly inForce: Pick<PlanInForce, 'compile' | 'swap' | 'version' | 'note' | 'status'>
  readonly examination: Examination
  /** What the store says now, in force. */
  readonly followStore: () => Promise<PolicyVersion | null>
  /** One change after the other. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>
  readonly log: Log
}

export interface ProposalDesk extends Proposals {
  readonly propose: (
    draft: ProposalDraft & { readonly requestId?: string | undefined },
    warnings: readonly Problem[],
  ) => Promise<ProposedChange>
}

export function createProposals(options: ProposalsOptions): ProposalDesk {
  const { isNeeded, store, calls, policies, inForce, examination, followStore, inTurn, log } = options

  async function needed(id: string): Promise<Proposal> {
    const proposal = await store.get(id)
    if (proposal === null) throw new ScrimError('REQUEST_NOT_FOUND', { path: 'proposal' })
    return proposal
  }

  let waiting: number | null = null
  async function countWaiting(): Promise<void> {
    try {
      waiting = (await store.list({ state: 'open', limit: MOST_COUNTED })).length
      options.metrics?.proposals(waiting)
    } catch (error) {
      if (!(error instanceof ScrimError)) throw error
      waiting = null
    }
  }

  const trace = (call: CallRow['call'], { author: caller, requestId }: ProposalCall, facts: CallRow['facts']) =>
    calls.write({ call, caller, requestId, policyVersion: inForce.version()?.version ?? 0, facts })

  /** A call that was refused leaves its row too: somebody has tried. */
  async function traced<T>(
    call: 'approve' | 'reject' | 'withdraw',
    id: string,
    by: ProposalCall,
    work: (proposal: Proposal) => Promise<T>,
  ): Promise<T> {
    const proposal = await needed(id)
    const facts = { proposal: proposal.id, action: proposal.wanted.action }
    let result: T
    try {
      result = await work(proposal)
    } catch (error) {
      if (error instanceof ScrimError && error.kind !== 'dependency')
        await trace(call, by, { ...facts, outcome: error.code })
      throw error
    }
    log.info({ ...facts, call, by: by.author }, 'a proposal is closed')
    await trace(call, by, { ...facts, outcome: 'done' })
    await countWaiting()
    return result
  }

  async function propose(
    { requestId = '', ...draft }: Parameters<ProposalDesk['propose']>[0],
    warnings: readonly Problem[],
  ): Promise<ProposedChange> {
    const { author, reason, wanted, baseVersion } = draft
    if (reason.trim() === '')
      throw new ScrimError('REQUEST_INVALID', { path: 'reason: another one has to understand it' })
    if (wanted.action === 'set') await refuseWhilePinned()
    // Files lie there still after somebody has said no to them: only who asks for them by name proposes them again.
    if (wanted.action === 'set' && wanted.filesDigest !== null && author === FILES && baseVersion !== null) {
      const known = await store.ofFiles(wanted.filesDigest, baseVersion)
      if (known !== null) return { proposal: known, warnings }
    }
    const proposal = await store.add(draft)
    log.warn({ proposal: proposal.id, action: wanted.action, author }, 'a change waits for a second person')
    await countWaiting()
    if (author !== FILES)
      await trace('propose', { author, reason, requestId }, { proposal: proposal.id, action: wanted.action })
    return { proposal, warnings }
  }

  async function refuseWhilePinned(): Promise<void> {
    const pinned = await policies.pinned()
    if (pinned !== null) throw new ScrimError('POLICY_PINNED', { path: `version ${pinned}` })
  }

  /** Throws why it cannot be approved by this one now. */
  function refuseApproval({ author, state }: Proposal, by: Closing): void {
    if (state !== 'open' && state !== 'stale') throw new ScrimError('POLICY_PROPOSAL_CLOSED', { path: state })
    if (author === by.author) throw new ScrimError('POLICY_APPROVAL_SAME_PERSON')
    if (state === 'stale') throw new ScrimError('POLICY_PROPOSAL_STALE')
  }

  async function approveSet(
    id: string,
    documents: readonly PolicyDocument[],
    by: Closing,
    base: PolicyVersion | null,
  ): Promise<readonly Problem[]> {
    await refuseWhilePinned()
    const { plan, patch, problems, changedKeys } = taken(await examination.ofSet(base, readStored(documents)))
    let version: PolicyVersion
    try {
      version = await store.approveSet(id, by, { documents, patch })
    } catch (error) {
      // Another instance has added one while this was examined.
      if (error instanceof ScrimError && error.code === 'POLICY_CONFLICT') throw new ScrimError('POLICY_PROPOSAL_STALE')
      throw error
    }
    await inForce.swap(version, { ...plan, version: version.version }, changedKeys)
    return problems
  }

  async function carryOut(proposal: Proposal, by: Closing): Promise<Omit<ApprovedChange, 'proposal' | 'version'>> {
    const { id, wanted } = proposal
    const base = await followStore()
    refuseApproval(await needed(id), by)
    if (wanted.action === 'set') return { warnings: await approveSet(id, wanted.documents, by, base) }
    if (wanted.action === 'forget keys') return { warnings: [], columns: await store.approveForget(id, by) }
    const warnings =
      wanted.version === null ? [] : taken(await examination.ofVersion(await wantedVersion(wanted.version))).problems
    await store.approvePin(id, by)
    return { warnings }
  }

  async function wantedVersion(version: number | null): Promise<PolicyVersion> {
    const number = version ?? (await policies.list(1))[0]?.version ?? 0
    const found = await policies.get(number)
    if (found === null) throw new ScrimError('REQUEST_NOT_FOUND', { path: `version ${number}` })
    return found
  }

  async function documentsOf(wanted: Wanted): Promise<readonly PolicyDocument[] | null> {
    if (wanted.action === 'forget keys') return null
    return wanted.action === 'set' ? wanted.documents : (await wantedVersion(wanted.version)).documents
  }

  async function examine(wanted: Wanted, base: PolicyVersion | null): Promise<Examined> {
    if (wanted.action === 'set') return examination.ofSet(base, readStored(wanted.documents))
    return examination.ofVersion(await wantedVersion(wanted.action === 'pin' ? wanted.version : null))
  }

  const close = (state: 'rejected' | 'withdrawn', id: string, by: Closing): Promise<Proposal> =>
    store.close(id, state, by).then(() => needed(id))

  return {
    isNeeded,
    propose,
    list: store.list,
    waiting: () => waiting,
    run: async signal => {
      while (!signal.aborted) {
        await countWaiting()
        await pause(LOOK_MS, signal)
      }
    },
    inspect: async id => {
      const proposal = await needed(id)
      const isOpen = proposal.state === 'open' || proposal.state === 'stale'
      const base = isOpen ? await policies.current() : await policies.get(proposal.baseVersion)
      const documents = await documentsOf(proposal.wanted)
      const from = base?.version ?? 0
      const diff = documents === null ? null : diffPolicies(base?.documents ?? [], documents)
      const problems = isOpen && diff !== null ? await problemsOf(() => examine(proposal.wanted, base)) : []
      return { proposal, diff, from, problems, text: () => textOf(proposal, from, diff) }
    },
    approve: (id, by) =>
      traced('approve', id, by, found =>
        inTurn(async () => {
          const done = await carryOut(found, by)
          const version = (await followStore())?.version ?? 0
          return { proposal: await needed(id), version, ...done }
        }),
      ),
    reject: (id, by) => traced('reject', id, by, () => close('rejected', id, by)),
    withdraw: (id, by) =>
      traced('withdraw', id, by, ({ author }) => {
        if (author !== by.author) throw new ScrimError('POLICY_PROPOSAL_AUTHOR')
        return close('withdrawn', id, by)
      }),
  }
}

/** What was stored by another release may have a shape that this one does not read. */
function readStored(stored: readonly PolicyDocument[]): readonly PolicyDocument[] {
  const { documents, problems } = readDocuments(stored, 'policies')
  if (problems.length > 0) throw new PoliciesRefused(problems)
  return documents
}

async function problemsOf(examine: () => Promise<Examined>): Promise<readonly Problem[]> {
  try {
    return (await examine()).problems
  } catch (error) {
    if (error instanceof PoliciesRefused) return error.problems
    throw error
  }
}

function textOf({ id, wanted, author, at, reason }: Proposal, from: number, diff: PolicyDiff | null): string {
  const what =
    wanted.action === 'pin'
      ? wanted.version === null
        ? 'let go of the pin'
        : `pin version ${wanted.version}`
      : wanted.action === 'set'
        ? `${wanted.origin === 'files' ? 'the policy files' : 'the set'}`
        : `forget the keys of ${wanted.maskedTopic}`
  const label = `proposal ${id} (${what})  ${at.toISOString()}  ${author}: ${reason}`
  return diffText(diff ?? { patch: [], policies: [] }, from === 0 ? 'nothing' : `version ${from}`, label)
}
