import { startStack, type Stack, type StackOptions } from '../../compose/stack/stack.ts'

const oneBroker: StackOptions = { brokers: 1, connect: false, secure: false, databases: [] }

/** A stack for a long proof; ended whatever the proof comes to. */
export async function withProofStack(
  proof: (stack: Stack) => Promise<void>,
  options: StackOptions = oneBroker,
): Promise<void> {
  // The processes of a stack do not keep this one from ending while it waits for one of them.
  const awake = setInterval(() => {}, 60_000)
  const stack = await startStack(options)
  try {
    await proof(stack)
  } finally {
    await stack.stop()
    clearInterval(awake)
  }
}

/** One line of progress. */
export const tell = (text: string): void => void process.stdout.write(`${text}\n`)
