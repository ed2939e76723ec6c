import { maskTypes } from '../../../pipeline/mask/mask-types.ts'
import { commonAnswers } from '../answer-schemas.ts'
import type { HttpApp } from '../http-app.ts'

/** The masks a policy may name, from the table that the engine itself uses. */
export function maskTypeRoutes(app: HttpApp): void {
  const all = Object.entries(maskTypes).map(
    ([name, { summary, accepts, produces, uniqueness, needsKey, params, examples }]) => ({
      name,
      summary,
      accepts,
      produces,
      uniqueness,
      mayStandOnKeys: uniqueness === 'preserved',
      needsKey,
      params,
      examples,
    }),
  )
  const schema = {
    tags: ['masks'],
    security: [{ token: [] }],
    summary: 'Every mask type with its parameters as JSON Schema and examples.',
    response: commonAnswers,
  }
  app.get('/v1/mask-types', { config: { permission: 'read' }, schema }, async () => ({ maskTypes: all }))
}
