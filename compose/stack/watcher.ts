// A process of its own beside each stack. It holds the reading end of a pipe to the process that started the stack; when
// that process ends, however it ends (kill -9 too), the kernel closes the pipe, and the watcher ends what is left.
import { finished } from 'node:stream/promises'
import { sweep } from './work-dir.ts'

const [dir] = process.argv.slice(2)
if (!dir) throw new Error('usage: watcher.ts DIRECTORY')

// A Ctrl-C or a closed terminal must not take the watcher before its work is done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

process.stdout.write('watching\n')
process.stdin.resume()
await finished(process.stdin, { writable: false }).catch(() => {})
await sweep(dir)
