import { instanceStoreContract } from './instance-store-contract.ts'
import { createMemoryInstanceStore } from './memory-instance-store.ts'
import { createMemoryPolicyStore, createMemoryPolicyTable } from './memory-policy-store.ts'

instanceStoreContract('the one in memory', async () => {
  const table = createMemoryPolicyTable()
  const store = createMemoryInstanceStore(table)
  return {
    store,
    other: store,
    policies: createMemoryPolicyStore(table),
    age: async (id, ms) => store.age(id, ms),
    close: async () => undefined,
  }
})
