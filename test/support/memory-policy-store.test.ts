import { createMemoryPolicyStore, createMemoryPolicyTable } from './memory-policy-store.ts'
import { policyStoreContract } from './policy-store-contract.ts'

policyStoreContract('the store in memory', async () => {
  const table = createMemoryPolicyTable()
  return { store: createMemoryPolicyStore(table), other: createMemoryPolicyStore(table), close: async () => undefined }
})
