import { existsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

/** What starts Kafka, Connect and Postgres, once for all tests of the `stack` project. */
const stackSetup = 'test/support/stack/global-setup.ts'

/** These stop and kill parts of a stack of their own, and mostly wait: two at a time are as quick as one. */
const ownStack = [
  'test/adapters/kafka/outage.int.test.ts',
  'test/adapters/kafka/secure.int.test.ts',
  'test/adapters/postgres/outage.int.test.ts',
  'test/e2e/parts-away.e2e.test.ts',
  'test/proof/outage.int.test.ts',
  'test/proof/secured.int.test.ts',
  'test/support/stack/stack.int.test.ts',
]
/** These talk to Apache Ranger's own code, and need no stack. */
const ranger = ['test/support/ranger-oracle/*.int.test.ts']
const real = ['test/**/*.int.test.ts', 'test/**/*.e2e.test.ts']
const setup = existsSync(stackSetup) ? { globalSetup: [stackSetup] } : {}
const times = { testTimeout: 120_000, hookTimeout: 180_000 }

/**
 * `unit` needs nothing but Node. `own-stack` and `stack` hold what talks to real parts (`*.int.test.ts`, `*.e2e.test.ts`);
 * a stack is started only when a file of theirs is to run. They run one after the other, in this order. `ranger` needs
 * Java and Maven.
 */
export default defineConfig({
  test: {
    // The stack ends in order, broker and worker with it.
    teardownTimeout: 60_000,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...real, '**/node_modules/**'],
          testTimeout: 30_000,
          maxWorkers: 2,
        },
      },
      {
        test: { name: 'own-stack', include: ownStack, ...setup, ...times, maxWorkers: 2, sequence: { groupOrder: 1 } },
      },
      {
        test: {
          name: 'stack',
          include: real,
          exclude: [...ownStack, ...ranger],
          ...setup,
          ...times,
          fileParallelism: false,
        },
      },
      { test: { name: 'ranger', include: ranger, ...times, maxWorkers: 1, sequence: { groupOrder: 2 } } },
    ],
  },
})
