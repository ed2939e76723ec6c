import { createRandom } from '../support/random.ts'
import { compareOn } from '../support/ranger-oracle/differential.ts'
import { randomService } from '../support/ranger-oracle/random-service.ts'
import { missingForOracle, startRangerOracle } from '../support/ranger-oracle/ranger-oracle.ts'
import { readOptions } from './proof-options.ts'

const { seed, count, from, requests, all } = readOptions({
  name: 'prove:ranger',
  about:
    "Asks Apache Ranger's own engine and ours the same about random policies, access, masks and row filters. Services are\nnumbered from the seed, so a run that was stopped goes on with --from as it told last.",
  options: {
    seed: { about: 'decides policies and requests', byDefault: 1 },
    count: { about: 'services', byDefault: 2_000, least: 1 },
    from: { about: 'the service to begin with', byDefault: 0 },
    requests: { about: 'requests to each, for access, mask and filter', byDefault: 50, least: 1 },
    all: { about: 'go on after a difference', isFlag: true },
  },
})
const tell = (text: string): void => void process.stdout.write(`${text}\n`)

const missing = await missingForOracle()
if (missing !== '') {
  process.stderr.write(`prove:ranger: ${missing}\n`)
  process.exit(2)
}
const oracle = await startRangerOracle()
const known = new Map<string, number>()
let agreed = 0
let decided = 0
let differ = 0
let toldMs = Date.now()
for (let n = from; n < from + count; n++) {
  const service = randomService(createRandom(seed * 1_000_003 + n), requests)
  const found = await compareOn(service, oracle)
  agreed += found.agreed
  decided += found.decided
  for (const [reason, times] of Object.entries(found.known)) known.set(reason, (known.get(reason) ?? 0) + times)
  const [first] = found.differences
  if (first !== undefined) {
    differ += found.differences.length
    process.exitCode = 1
    const { policies, tagPolicyInfo, userRoles, groupRoles, roleRoles } = service
    tell(`service ${n} (--seed ${seed} --from ${n} --count 1): ${found.differences.length} differ, the first:`)
    tell(JSON.stringify(first, null, 1))
    if (!all) tell(JSON.stringify({ policies, tagPolicyInfo, userRoles, groupRoles, roleRoles }, null, 1))
    if (!all) break
  }
  if (Date.now() - toldMs > 5_000) {
    toldMs = Date.now()
    tell(`${n - from + 1} of ${count} services, ${agreed} answers agree; to go on: --seed ${seed} --from ${n + 1}`)
  }
}
await oracle.stop()
for (const [reason, times] of known) tell(`${times} x known: ${reason}`)
tell(
  `${differ === 0 ? 'agree' : 'DISAGREE'}: ${agreed} answers alike, ${decided} of ours decide something, ${differ} differ (seed ${seed})`,
)
