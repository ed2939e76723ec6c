import { Readable } from 'node:stream'
import type { Terminal } from '../../src/commands/command.ts'

/** A terminal that keeps what a command says, so that tests can search it. */
export function createCollectingTerminal(
  env: NodeJS.ProcessEnv = {},
): Terminal & { readonly said: () => { out: string; err: string } } {
  const said = { out: '', err: '' }
  return {
    env,
    stdin: Readable.from([]),
    out: text => {
      said.out += text
    },
    err: text => {
      said.err += text
    },
    signal: new AbortController().signal,
    reload: () => undefined,
    said: () => said,
  }
}
