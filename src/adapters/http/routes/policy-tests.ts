import type { FastifyReply } from 'fastify'
import Type from 'typebox'
import { ScrimError } from '../../../errors.ts'
import type { Rehearsal } from '../../../services/rehearsal.ts'
import { commonAnswers, errorSchema } from '../answer-schemas.ts'
import type { HttpApp } from '../http-app.ts'

const result = Type.Object({
  index: Type.Integer(),
  name: Type.Union([Type.String(), Type.Null()]),
  passed: Type.Boolean(),
  failures: Type.Array(Type.Object({ path: Type.String(), detail: Type.String() })),
})

/** The tests that a policy brings along, on demand; they run by themselves whenever a set is to come in force. */
export function policyTestRoutes(app: HttpApp, run: Rehearsal['tests']): void {
  const options = {
    config: { permission: 'read' },
    schema: {
      tags: ['before it goes live'],
      security: [{ token: [] }],
      summary: 'Runs the tests of one policy against the set in force.',
      params: Type.Object({ name: Type.String({ minLength: 1, maxLength: 250 }) }),
      response: {
        ...commonAnswers,
        200: Type.Object({ policy: Type.String(), passed: Type.Boolean(), tests: Type.Array(result) }),
        404: errorSchema,
      },
    },
  } as const
  for (const method of ['GET', 'POST'] as const) {
    app.route({
      ...options,
      method,
      url: '/v1/policies/:name/test',
      handler: async (request, reply) => {
        const { name } = request.params
        const results = await run(name)
        if (results === null) throw new ScrimError('REQUEST_NOT_FOUND', { path: 'policy' })
        const tests = results.map(({ policy: _policy, ...rest }) => rest)
        return answered(reply, { policy: name, passed: results.every(({ passed }) => passed), tests })
      },
    })
  }
}

/** The form of the answer describes; what is answered is not held to it. */
const answered = (reply: FastifyReply, body: object): FastifyReply => reply.send(body)
