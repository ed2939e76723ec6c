import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { FastifyContextConfig } from 'fastify'
import type { Permission, Token } from '../../config.ts'
import { ScrimError } from '../../errors.ts'
import type { TokenBucket } from './token-bucket.ts'

/** Who is let in: the Host header, the token, its permission. */

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Refuses a route that would be open by forgetting: it names a permission, or says that it is open, or shows the API's form. */
export function assertGuarded(url: string, config: FastifyContextConfig = {}): void {
  const isForm = url === '/docs' || url.startsWith('/docs/')
  if (config.permission === undefined && config.open !== true && !isForm) {
    throw new Error(`route ${url} names neither a permission nor that it is open`)
  }
}

/** Finds the token a caller shows. Digests of equal length are compared, all of them each time, so that time tells nothing. */
export function createTokenCheck(
  tokens: readonly Token[],
  equal = timingSafeEqual,
): (authorization: string | undefined) => Token | null {
  const known = tokens.map(token => ({ token, digest: sha256(token.secret) }))
  return authorization => {
    const shown = sha256(/^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1] ?? '')
    let found: Token | null = null
    for (const { token, digest } of known) if (equal(digest, shown)) found = token
    return found
  }
}

/** The caller's token, if it carries the permission. Failed attempts are counted by address; a good token always passes. */
export function createAuthentication(
  tokens: readonly Token[],
  failures: TokenBucket,
): (authorization: string | undefined, address: string, permission: Permission) => Token {
  const check = createTokenCheck(tokens)
  return (authorization, address, permission) => {
    const token = check(authorization)
    if (token === null) throw new ScrimError(failures.take(address) ? 'REQUEST_UNAUTHENTICATED' : 'REQUEST_RATE')
    if (!token.permissions.has(permission)) throw new ScrimError('REQUEST_FORBIDDEN', { path: permission })
    return token
  }
}

/**
 * Keeps web pages out that make a name of theirs point to us (DNS rebinding): only names we were given are ours. An
 * address is always let in, for a page that was loaded from an address cannot have rebound it.
 */
export function createHostCheck(names: readonly string[]): (host: string | undefined) => boolean {
  const ours = new Set(['localhost', ...names.map(name => name.toLowerCase())])
  return host => {
    const name = hostName(host ?? '')
    return name !== null && (ours.has(name) || isIP(name.replace(/^\[|\]$/g, '')) !== 0)
  }
}

/** Without the port; null where it is no host at all. */
function hostName(host: string): string | null {
  const found = /^(\[[0-9a-f:.]+\]|[^:/?#@\s[\]]+)(?::\d{1,5})?$/i.exec(host)
  return found?.[1]?.toLowerCase().replace(/\.$/, '') ?? null
}
