import type { Elements, Scopes } from './policy-matcher.ts'
import type { ElementScope, ElementValue } from './resource-matcher.ts'
import type { Attributes, ScriptRequest, ScriptTag } from './script/script-request.ts'
import type { RequestTag } from './service-tags.ts'
import type { MatchContext } from './value-matcher.ts'

/** Stands for "any access at all". */
export const ANY_ACCESS = '_any'
export const ADMIN_ACCESS = '_admin'

/** What is asked: may this user do that to this resource, and how does it look to him. */
export interface RangerRequest {
  readonly elements: Elements | Readonly<Record<string, ElementValue>>
  readonly ownerUser?: string | null
  /** Empty stands for any. */
  readonly accessType: string
  readonly user: string
  readonly groups?: readonly string[]
  /** Left out: resolved from user and groups. */
  readonly roles?: readonly string[]
  readonly attributes?: Attributes
  readonly groupAttributes?: ReadonlyMap<string, Attributes>
  /** Epoch milliseconds. The engine has no clock. */
  readonly accessTime: number
  /** Left out: those of the engine's tag store. */
  readonly tags?: readonly RequestTag[]
  readonly context?: ReadonlyMap<string, string>
  readonly clientIp?: string | null
  readonly clientType?: string | null
  readonly clusterName?: string | null
  readonly clusterType?: string | null
  readonly remoteIp?: string | null
  readonly forwardedAddresses?: readonly string[]
  readonly action?: string | null
  readonly requestData?: string | null
  readonly resourceScope?: 'SELF' | 'SELF_OR_DESCENDANTS'
  readonly elementScopes?: Scopes
  /** Several accesses at once; each of the groups needs one of its accesses allowed. */
  readonly accessTypes?: readonly string[]
  readonly accessGroups?: readonly (readonly string[])[]
  readonly accessesToIgnoreUnlessDenied?: readonly string[]
  /** Left out: true, a denial below the resource does not count against it. */
  readonly ignoreDescendantDeny?: boolean
  /** Other resources of the same query, for the conditions that look at them together. */
  readonly requestedResources?: readonly Elements[]
}

/** A request made ready: everything a policy looks at, once for all policies. */
export interface Asked {
  readonly request: RangerRequest
  readonly elements: Elements
  readonly scopes: Scopes
  readonly accessType: string
  readonly isAny: boolean
  readonly user: string
  readonly groups: ReadonlySet<string>
  readonly roles: ReadonlySet<string>
  readonly owner: string | null
  readonly accessTime: number
  /** Valid at the time of the access. */
  readonly tags: readonly RequestTag[]
  readonly match: MatchContext
  readonly script: (tag: ScriptTag | null) => ScriptRequest
  /** What could not be judged; strict readers deny for it. */
  readonly faults: Set<string>
}

export const elementsOf = (elements: RangerRequest['elements']): Elements =>
  elements instanceof Map ? elements : new Map<string, ElementValue>(Object.entries(elements))

export const noScopes: ReadonlyMap<string, ElementScope> = new Map()
