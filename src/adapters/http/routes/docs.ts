import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { HttpApp } from '../http-app.ts'

/**
 * The form of the API. Open: it tells no more than this source does, and a token in a browser's address bar would be
 * worse. The page brings its own assets, so it works without the internet; its policy lets it talk to us alone.
 */
export async function docsRoutes(app: HttpApp): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Scrim', version: '1', description: 'The masking gate between Debezium and JDBC sinks.' },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { validatorUrl: null, docExpansion: 'list' },
    staticCSP: true,
    // The plug-in's own policy lets the page reach hosts outside, and asks for TLS where there is none.
    transformStaticCSP: () => contentPolicy(app.swaggerCSP),
  })
  app.get('/openapi.json', { config: { open: true }, schema: { hide: true } }, async () => app.swagger())
}

const contentPolicy = ({
  script,
  style,
}: {
  readonly script: readonly string[]
  readonly style: readonly string[]
}): string =>
  [
    "default-src 'none'",
    ["script-src 'self'", ...script].join(' '),
    ["style-src 'self'", ...style].join(' '),
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
