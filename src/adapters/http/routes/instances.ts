import Type from 'typebox'
import type { Instances } from '../../../services/instances.ts'
import { commonAnswers } from '../answer-schemas.ts'
import type { HttpApp } from '../http-app.ts'

const orNull = (type: ReturnType<typeof Type.String> | ReturnType<typeof Type.Integer>) =>
  Type.Union([type, Type.Null()])
const time = Type.String({ format: 'date-time' })

const instanceSchema = Type.Object({
  id: Type.String({ description: 'New with each start.' }),
  clientId: Type.String(),
  host: Type.String(),
  startedAt: time,
  version: orNull(Type.Integer()),
  isCurrent: Type.Boolean({ description: 'Whether it runs the version that counts.' }),
  state: Type.String({ enum: ['current', 'behind', 'silent'], description: 'silent: not heard of for 15 s.' }),
  loadedFrom: orNull(Type.String()),
  code: Type.Union([Type.String(), Type.Null()], { description: 'Why it does not run what the store says.' }),
  since: Type.Union([time, Type.Null()], { description: 'Since when it runs this version.' }),
  lastSeenAt: time,
  isSelf: Type.Boolean({ description: 'The one that answers.' }),
})

/** Which instance runs which version. */
export function instanceRoutes(app: HttpApp, instances: Pick<Instances, 'list'>): void {
  app.get(
    '/v1/policies/instances',
    {
      config: { permission: 'read' },
      schema: {
        tags: ['policy versions'],
        security: [{ token: [] }],
        summary: 'The instances, each with the version it runs; and the version that counts.',
        response: {
          ...commonAnswers,
          200: Type.Object({ current: orNull(Type.Integer()), instances: Type.Array(instanceSchema) }),
        },
      },
    },
    async () => {
      const { current, instances: found } = await instances.list()
      const answers = found.map(({ startedAt, since, lastSeenAt, ...one }) => ({
        ...one,
        startedAt: startedAt.toISOString(),
        since: since?.toISOString() ?? null,
        lastSeenAt: lastSeenAt.toISOString(),
      }))
      return { current, instances: answers }
    },
  )
}
