import Type from 'typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Policies } from '../../../services/policies.ts'
import { commonAnswers, errorSchema } from '../answer-schemas.ts'
import type { HttpApp } from '../http-app.ts'

const MAX_VERSION = 2_147_483_647
const version = Type.Integer({ minimum: 1, maximum: MAX_VERSION })

export const formatQuery = Type.Object({
  format: Type.Optional(
    Type.Union([Type.Literal('json'), Type.Literal('text')], {
      description: 'text: a listing for people; so does Accept: text/plain.',
    }),
  ),
})

/** What differs between two versions. Policies name keys by their ids, so no key is ever in it. */
export function policyDiffRoutes(app: HttpApp, policies: Pick<Policies, 'diff'>): void {
  app.get(
    '/v1/policies/versions/:version/diff/:other',
    {
      config: { permission: 'read' },
      schema: {
        tags: ['policy versions'],
        security: [{ token: [] }],
        summary: 'What changed from one version to another: a JSON Patch, and for each policy what was and what is.',
        params: Type.Object({ version, other: version }),
        querystring: formatQuery,
        produces: ['application/json', 'text/plain'],
        response: { ...commonAnswers, 404: errorSchema },
      },
    },
    async (request, reply) => {
      const { version: from, other: to } = request.params
      const { text, ...diff } = await policies.diff(from, to)
      return wantsText(request) ? sendText(reply, text()) : { from, to, ...diff }
    },
  )
}

/** A browser or curl takes everything: text is for who asks for it. */
export function wantsText(request: FastifyRequest<{ Querystring: { format?: 'json' | 'text' } }>): boolean {
  const { format } = request.query
  if (format !== undefined) return format === 'text'
  return /^text\/plain\b/i.test(request.headers.accept?.trim() ?? '')
}

export const sendText = (reply: FastifyReply, text: string): FastifyReply =>
  reply.type('text/plain; charset=utf-8').send(text)
