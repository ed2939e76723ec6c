import { startStack, type Stack } from '../../compose/stack/stack.ts'

/** A stack with one broker for a long proof; ended whatever the proof comes to. */
export async function withProofStack(proof: (stack: Stack) => Promise<void>): Promise<void> {
  // The processes of a stack do not keep this one from ending while it waits for one of them.
  const awake = setInterval(() => {}, 60_000)
  const stack = await startStack({ brokers: 1, connect: false, secure: false, databases: [] })
  try {
    await proof(stack)
  } finally {
    await stack.stop()
    clearInterval(awake)
  }
}

/** One line of progress. */
export const tell = (text: string): void => void process.stdout.write(`${text}\n`)
