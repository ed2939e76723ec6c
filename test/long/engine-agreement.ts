import { compareCase, type Tally } from '../support/agreement.ts'
import { readOptions } from './proof-options.ts'

const { seed, count, from, records, all } = readOptions({
  name: 'prove:engine',
  about:
    'Holds the engine to the naive one over random (record, policy) pairs. Cases are numbered from the seed, so a run that\nwas stopped goes on with --from as it told last.',
  options: {
    seed: { about: 'decides tables, policies and records', byDefault: 1 },
    count: { about: 'pairs', byDefault: 1_000_000, least: 1 },
    from: { about: 'the case to begin with', byDefault: 0 },
    records: { about: 'records of a case', byDefault: 50, least: 1 },
    all: { about: 'go on after a disagreement, and count their kinds', isFlag: true },
  },
})
const tally: Tally = { pairs: 0, publish: 0, drop: 0, reject: 0 }
const startedMs = Date.now()
let toldMs = startedMs
const kinds = new Map<string, number>()

for (let n = from; tally.pairs < count; n++) {
  const found = compareCase(seed * 10_000_019 + n, records, tally)
  if (found !== null) {
    const kind = `${found.engine.slice(0, 60)} / ${found.naive.slice(0, 60)}`
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
    if (!all || kinds.get(kind) === 1)
      process.stdout.write(`case ${n} (--seed ${seed} --from ${n})\n${JSON.stringify(found, null, 1)}\n`)
    process.exitCode = 1
    if (!all) break
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
if (all) for (const [kind, times] of kinds) process.stdout.write(`${times} x ${kind}\n`)
