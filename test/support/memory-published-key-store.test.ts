import { createMemoryPublishedKeyStore } from './memory-published-key-store.ts'
import { publishedKeyStoreContract } from './published-key-store-contract.ts'

publishedKeyStoreContract('the store of published keys in memory', createMemoryPublishedKeyStore)
