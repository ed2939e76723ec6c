# The Node that the project is tested with; a test holds it to package.json.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No install scripts: they fetch another Node and a Postgres, for development.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY .ci ./.ci
COPY src ./src
RUN node .ci/build.ts

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="scrim" \
      org.opencontainers.image.description="The masking gate between Debezium and JDBC sinks" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
# Owned by root: the process may not change what it runs. It writes to SCRIM_CACHE_DIR only, so the root file system can
# be read-only.
COPY package.json ./
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY policies ./policies
RUN install -d -o node -g node -m 0700 /var/lib/scrim
ENV SCRIM_HTTP_HOST=0.0.0.0 \
    SCRIM_CACHE_DIR=/var/lib/scrim
VOLUME ["/var/lib/scrim"]
EXPOSE 8080
# By number, so that Kubernetes can see that it is not root.
USER 1000:1000
# Alive, not ready: a gate that waits for Kafka must not be started again for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.SCRIM_HTTP_PORT ?? 8080}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# No init process: main.js handles SIGTERM and SIGINT itself, and starts no children.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "dist/main.js"]
CMD ["run"]
