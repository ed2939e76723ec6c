import { createInstanceStore } from './instance-store.ts'
import { createPolicyStore } from './policy-store.ts'
import type { Database } from './pool.ts'
import { createProposalStore } from './proposal-store.ts'
import { createPublishedKeyStore } from './published-key-store.ts'
import { createSchemaStore } from './schema-store.ts'

/** All that is stored about policies, in one database. */
export const createPolicyStores = (options: { readonly database: Database }) => ({
  versions: createPolicyStore(options),
  proposals: createProposalStore(options),
  instances: createInstanceStore(options),
  publishedKeys: createPublishedKeyStore(options),
  schemas: createSchemaStore(options),
})
