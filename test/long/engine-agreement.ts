import { parseArgs } from 'node:util'
import { compareCase, type Tally } from '../support/agreement.ts'

/**
 * Holds the engine to the naive one over random (record, policy) pairs: `npm run prove:engine -- --seed S --count N`.
 * Cases are numbered from the seed, so a run that was stopped goes on with `--from` as it told last.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000000' },
    from: { type: 'string', default: '0' },
    records: { type: 'string', default: '50' },
    all: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const count = Number(values.count)
const tally: Tally = { pairs: 0, publish: 0, drop: 0, reject: 0 }
const startedMs = Date.now()
let toldMs = startedMs
const kinds = new Map<string, number>()

for (let n = Number(values.from); tally.pairs < count; n++) {
  const found = compareCase(seed * 10_000_019 + n, Number(values.records), tally)
  if (found !== null) {
    const kind = `${found.engine.slice(0, 60)} / ${found.naive.slice(0, 60)}`
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
    if (!values.all || kinds.get(kind) === 1)
      process.stdout.write(`case ${n} (--seed ${seed} --from ${n})\n${JSON.stringify(found, null, 1)}\n`)
    process.exitCode = 1
    if (!values.all) break
  }
  if (Date.now() - toldMs > 5_000) {
    toldMs = Date.now()
    const perSecond = Math.round((tally.pairs * 1000) / (toldMs - startedMs))
    process.stdout.write(`${tally.pairs} of ${count} pairs, ${perSecond}/s; to go on: --seed ${seed} --from ${n + 1}\n`)
  }
}
const summary = `${tally.pairs} pairs: ${tally.publish} published, ${tally.drop} dropped, ${tally.reject} rejected`
process.stdout.write(
  `${process.exitCode === 1 ? 'DISAGREE' : 'agree'}: ${summary} in ${Math.round((Date.now() - startedMs) / 1000)} s (seed ${seed})\n`,
)
if (values.all) for (const [kind, times] of kinds) process.stdout.write(`${times} x ${kind}\n`)
