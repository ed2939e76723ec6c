import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { changedPolicy, incomePatch } from './policy-call.ts'
import type { Screen } from './screen.ts'
import type { Service } from './service.ts'

const samples = fileURLToPath(new URL('sample-records.jsonl', import.meta.url))

/** Prints calls that can be pasted into another terminal as they are. */
export function showCalls(screen: Screen, { url, token }: Service, policyTag: string): void {
  const auth = '-H "Authorization: Bearer $TOKEN"'
  const calls: [string, string][] = [
    ['once, in the terminal where you try the others', `TOKEN=${token}`],
    ['how it is, with each dependency', `curl -s ${url}/health/ready`],
    ['records, lag, latency', `curl -s ${url}/metrics | grep ^scrim_`],
    ['the policies in force', `curl -s ${auth} ${url}/v1/policies`],
    [
      'change one (If-Match is the version it was made on), then watch inferred_income_band below',
      `curl -si -X PATCH ${auth} -H 'If-Match: ${policyTag}' -H 'Content-Type: application/json-patch+json' \\\n` +
        `    -d '${incomePatch('NOT FOR YOUR EYES')}' \\\n    ${url}/v1/policies/${changedPolicy}`,
    ],
    ['who changed what', `curl -s ${auth} ${url}/v1/policies/versions`],
    [
      'mask records without Kafka',
      `curl -s ${auth} -H 'Content-Type: application/x-ndjson' --data-binary @${relative(process.cwd(), samples)} ${url}/v1/transform`,
    ],
    ['what could not be masked', `curl -s ${auth} ${url}/v1/dead-letters`],
    ['all calls, in a browser', `${url}/docs`],
  ]
  for (const [what, call] of calls) screen.line(`  ${screen.faint(`# ${what}`)}\n  ${call}`)
}
