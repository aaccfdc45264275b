# Both bases are pinned by digest; docs/decisions/12-third-party-code-is-locked.md says how they are refreshed. No "# syntax=" line: it would
# fetch a frontend from the internet at each build.
ARG BUILD_IMAGE=docker.io/library/node:24-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6
ARG BASE_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot@sha256:9eeb7f5887d0e239e78264b06f7f11d2e14be534050481803a9e4728fcdd278e

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
COPY app/package.json app/
# The secret is optional: certificates of a TLS-inspecting proxy, which must not end up in the image.
RUN --mount=type=secret,id=ca --mount=type=cache,target=/var/cache/npm \
    if [ -f /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi; \
    npm ci --workspace app --ignore-scripts --cache /var/cache/npm --no-audit --no-fund --loglevel=error
COPY . .
ARG REVISION=unknown
ARG SOURCE_DATE_EPOCH=0
RUN REVISION="$REVISION" SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" node tools/release/build.ts

# What V8 compiles for a start is good for one release of Node.js: by the base's own.
FROM ${BASE_IMAGE} AS warm
COPY --from=build /build/package.json /build/
COPY --from=build /build/tools/lib/code-cache.ts /build/tools/lib/
COPY --from=build /build/app/src/compiled-service.ts /build/app/src/
COPY --from=build --chown=65532:65532 /build/dist/ /app/
RUN ["/nodejs/bin/node", "--predictable", "--max-semi-space-size=16", "--max-old-space-size=1024", "/build/tools/lib/code-cache.ts", "/app"]

FROM ${BASE_IMAGE}
ARG BASE_IMAGE
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="movies-api" \
      org.opencontainers.image.description="A movies API on DynamoDB" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"
ENV NODE_ENV=production \
    PATH=/nodejs/bin
# Owned by root: the service can read its code, not change it.
COPY --from=warm --chown=0:0 /app/ /app/
WORKDIR /app
USER 65532:65532
EXPOSE 8080 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 CMD ["/nodejs/bin/node", "/app/health-check.js"]
ENTRYPOINT ["/nodejs/bin/node"]
CMD ["/app/main.js"]
