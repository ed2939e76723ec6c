import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Makes dist/: JavaScript with types beside it, and the SQL files, which are read from disk. Ends with the compiler's exit
 * code; a dist/ that was made in spite of a type error must not be used, so there is none then.
 */
const dist = new URL('../dist/', import.meta.url)
const src = new URL('../src/', import.meta.url)
const project = new URL('tsconfig.build.json', import.meta.url)
const compiler = new URL('../node_modules/typescript/bin/tsc', import.meta.url)

rmSync(dist, { recursive: true, force: true })
const { status } = spawnSync(process.execPath, [fileURLToPath(compiler), '-p', fileURLToPath(project)], {
  stdio: 'inherit',
})
if (status !== 0) {
  rmSync(dist, { recursive: true, force: true })
  process.exit(status ?? 1)
}
cpSync(new URL('adapters/postgres/sql', src), new URL('adapters/postgres/sql', dist), { recursive: true })
chmodSync(new URL('main.js', dist), 0o755)
