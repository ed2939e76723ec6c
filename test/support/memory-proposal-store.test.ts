import { createMemoryPolicyStore, createMemoryPolicyTable } from './memory-policy-store.ts'
import { createMemoryProposalStore, type MemoryProposals } from './memory-proposal-store.ts'
import { createMemoryPublishedKeyStore } from './memory-published-key-store.ts'
import { proposalStoreContract } from './proposal-store-contract.ts'

proposalStoreContract('the one in memory', async () => {
  const table = createMemoryPolicyTable()
  const proposals: MemoryProposals = { rows: [] }
  const keys = createMemoryPublishedKeyStore()
  const policies = createMemoryPolicyStore(table)
  const open = () => createMemoryProposalStore(proposals, table, policies, keys)
  return { store: open(), other: open(), policies, keys, close: async () => undefined }
})
