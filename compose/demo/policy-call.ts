import type { Service } from './service.ts'

/** The policy that the demo changes, and where in it. */
export const changedPolicy = 'mask-income-in-cdc'
const changedPath = '/maskingPolicy/maskingConditions/0/maskValue'

/** The current ETag of the policy. */
export async function policyTag({ url, token }: Pick<Service, 'url' | 'token'>): Promise<string> {
  const answer = await fetch(`${url}/v1/policies/${changedPolicy}`, { headers: { authorization: `Bearer ${token}` } })
  const tag = answer.headers.get('etag')
  if (!answer.ok || tag === null) throw new Error(`GET /v1/policies/${changedPolicy} answered ${answer.status}`)
  return tag
}

/** The JSON Patch that makes the policy write another constant. */
export const incomePatch = (constant: string): string =>
  JSON.stringify([{ op: 'replace', path: changedPath, value: constant }])

/** Changes the constant on top of the version that the tag names; answers the status. */
export async function patchIncome(
  { url, token }: Pick<Service, 'url' | 'token'>,
  constant: string,
  tag: string,
): Promise<number> {
  const { status } = await fetch(`${url}/v1/policies/${changedPolicy}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json-patch+json', 'if-match': tag },
    body: incomePatch(constant),
  })
  return status
}
