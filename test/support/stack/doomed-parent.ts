// Starts a stack, says what it started, and waits to be killed: stack.int.test.ts looks at what is left then.
import { startStack } from '../../../compose/stack/stack.ts'

const how = process.argv[2]
const stack = await startStack({ brokers: 1, connect: false, secure: false, databases: [] })
if (how === 'frozen') for (const part of stack.parts) part.freeze()
console.log(JSON.stringify({ dir: stack.dir, pids: stack.parts.map(({ pid }) => pid) }))
if (how === 'throw') throw new Error('a bug')
if (how === 'exit') process.exit(3)
setInterval(() => {}, 1 << 30)
