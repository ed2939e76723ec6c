import { maskTypes } from '../../pipeline/mask/mask-types.ts'
import { table } from './report.ts'

/** The mask types as data. */
export const maskList = () =>
  Object.entries(maskTypes).map(([name, { summary, accepts, produces, uniqueness, needsKey, params, examples }]) => ({
    name,
    summary,
    accepts,
    produces,
    uniqueness,
    needsKey,
    parameters: params,
    examples,
  }))

/** The mask types for people. */
export const masksText = (): string =>
  table([
    ['mask', 'does', 'stands on', 'gives', 'uniqueness'],
    ...maskList().map(({ name, summary, accepts, produces, uniqueness }) => [
      name,
      summary,
      accepts,
      produces,
      uniqueness,
    ]),
  ])
