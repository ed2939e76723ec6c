import type { Readiness } from '../../../services/readiness.ts'
import type { HttpApp } from '../http-app.ts'

const tags = ['health']
const config = { open: true } as const

/** For orchestrators and people. Open: they name topics, codes and places, never values. */
export function healthRoutes(app: HttpApp, readiness: Readiness): void {
  app.get(
    '/health/live',
    { config, schema: { tags, summary: 'Does the loop move? If not (503), start the process again.' } },
    async (_request, reply) => {
      const isAlive = readiness.isAlive()
      return reply.code(isAlive ? 200 : 503).send({ status: isAlive ? 'alive' : 'stuck' })
    },
  )

  app.get(
    '/health/ready',
    { config, schema: { tags, summary: 'Do records go on? If not (503), each reason with its place.' } },
    async (_request, reply) => {
      const { isReady, reasons, notices } = readiness.report()
      return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'not ready', reasons, notices })
    },
  )

  app.get(
    '/health',
    { config, schema: { tags, summary: 'Everything that health is made of. Always 200.' } },
    async () => {
      const { isReady, ...report } = readiness.report()
      return { status: isReady ? 'ready' : 'not ready', isAlive: readiness.isAlive(), ...report }
    },
  )
}
