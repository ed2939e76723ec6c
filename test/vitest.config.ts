import { existsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

/** What starts Kafka, Connect and Postgres, once for all tests of the `stack` project. */
const stackSetup = 'test/support/stack/global-setup.ts'

/**
 * `unit` needs nothing but Node. `stack` holds what talks to real parts (`*.int.test.ts`, `*.e2e.test.ts`); it is started
 * only when a file of it is to run.
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
          exclude: ['test/**/*.int.test.ts', 'test/**/*.e2e.test.ts', '**/node_modules/**'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'stack',
          include: ['test/**/*.int.test.ts', 'test/**/*.e2e.test.ts'],
          ...(existsSync(stackSetup) ? { globalSetup: [stackSetup] } : {}),
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
})
