import type { HttpApp } from '../http-app.ts'

/** A registry that can be printed. */
export interface MetricsText {
  readonly contentType: string
  readonly text: () => Promise<string>
}

export function metricsRoutes(app: HttpApp, metrics: MetricsText): void {
  const schema = { tags: ['health'], summary: 'Metrics for Prometheus.', produces: ['text/plain'] }
  app.get('/metrics', { config: { open: true }, schema }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  )
}
