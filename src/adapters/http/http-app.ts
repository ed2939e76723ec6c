import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { Permission, Token } from '../../config.ts'

/** The Fastify instance as routes see it. */
export type HttpApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the token must carry. A route without it is not registered, unless it is `open`. */
    permission?: Permission
    /** Needs no token: health, metrics, the form of the API. */
    open?: true
    /** Content types of the body; a route without any takes no body. */
    consumes?: readonly string[]
  }
  interface FastifyRequest {
    /** Whoever calls; null on open routes. */
    token: Token | null
  }
}
