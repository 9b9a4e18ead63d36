# Two images from one file:
#   docker build --target operator .         the operator: one bundled file, Node, and what Node needs
#   docker build --target worker-runtime .   the base image for your own workers: with a shell and npm
# Both run as a user without rights (65532) on a read-only root. For several platforms, and the same bytes each time,
# see docs/install.md.
ARG NODE_IMAGE=node:24-bookworm-slim

# What is built here is JavaScript, the same for every platform.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS tools
WORKDIR /src
COPY package.json package-lock.json .npmrc tsconfig.json ./
COPY operator/package.json operator/
COPY worker-runtime/package.json worker-runtime/
# No install scripts: esbuild's and TypeScript's only save start-up time.
RUN npm ci --workspaces --include-workspace-root=false --ignore-scripts

FROM tools AS operator-build
# The bundle takes the contract from the runtime's sources.
COPY worker-runtime worker-runtime
COPY operator operator
RUN npm run build --workspace @jobwright/operator

FROM tools AS runtime-build
COPY worker-runtime worker-runtime
RUN npm run bundle --workspace @jobwright/worker-runtime

FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS runtime-packages
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY operator/package.json operator/
COPY worker-runtime/package.json worker-runtime/
RUN npm ci --workspace @jobwright/worker-runtime --omit=dev --ignore-scripts
# npm links a workspace; the image needs the package itself, where a user's `npm install` would lay it.
RUN rm -rf node_modules/@jobwright \
 && mkdir -p node_modules/@jobwright/worker-runtime \
 && cp worker-runtime/package.json node_modules/@jobwright/worker-runtime/ \
 && find node_modules -name '*.map' -delete
# Over what npm has laid out: the runtime, and what handlers share with it, in a few files; a start takes half the CPU then.
COPY --from=runtime-build /src/worker-runtime/bundle node_modules

# Node and the libraries that it is linked with. It has its own time zones and certificate authorities.
FROM ${NODE_IMAGE} AS operator-root
WORKDIR /root-of-operator
RUN mkdir -p etc tmp && chmod 1777 tmp \
 && echo 'jobwright:x:65532:65532::/:/sbin/nologin' > etc/passwd \
 && echo 'jobwright:x:65532:' > etc/group \
 && cp --parents --dereference /usr/local/bin/node $(ldd /usr/local/bin/node | grep -o '/[^ ]*') .

FROM scratch AS operator
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Jobwright operator" \
      org.opencontainers.image.description="Background jobs on Kubernetes over RabbitMQ: JobQueues, WorkerPools and their autoscaler" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=operator-root /root-of-operator /
# Two arenas: what a thread frees, another can use.
ENV PATH=/usr/local/bin NODE_ENV=production MALLOC_ARENA_MAX=2
WORKDIR /operator
COPY LICENSE ./
# package.json says that main.js is an ES module.
COPY operator/package.json ./
COPY --from=operator-build /src/operator/dist dist
USER 65532:65532
EXPOSE 8080
# A frugal heap: a listing of a big vhost is garbage a moment later (docs/benchmarks.md has the figures). And undici's HTTP
# parser, the only WebAssembly here, stays as V8 compiles it first: to optimise its one large function, V8 takes memory of
# which some 13 MB never come back.
ENTRYPOINT ["node", "--max-semi-space-size=4", "--optimize-for-size", "--no-wasm-tier-up", "--no-wasm-dynamic-tiering", "/operator/dist/main.js"]

FROM ${NODE_IMAGE} AS worker-runtime
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Jobwright worker runtime" \
      org.opencontainers.image.description="Base image for workers of Jobwright's queues" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
# The user has no home, so npm needs another place for its cache when an image on this base installs packages.
# A smaller young generation: a worker of many short jobs stays below 200 MiB instead of growing to 285, for a tenth more
# CPU on jobs that do nothing (docs/benchmarks.md). Whoever sets NODE_OPTIONS replaces it.
ENV NODE_ENV=production npm_config_cache=/tmp/npm NODE_OPTIONS=--max-semi-space-size=8
# At the root of the file system, not in /app: Node looks for packages from a file's own folder upwards, so handlers in
# /app find the runtime whether or not they bring node_modules of their own, and neither `COPY . .` nor `npm ci`, which
# empties /app/node_modules, can take it away. The user's own packages win where both have one.
COPY LICENSE /licenses/jobwright/LICENSE
COPY --from=runtime-packages /src/node_modules /node_modules
RUN ln -s /node_modules/@jobwright/worker-runtime/dist/command/main.js /usr/local/bin/jobwright-worker \
 && mkdir /app /var/cache/jobwright && chown 65532:65532 /app /var/cache/jobwright
WORKDIR /app
USER 65532:65532
# What V8 compiles of the runtime is kept from a worker that is started here once: all later ones take a third less CPU to
# start, and many start at once when a pool wakes. Node looks for it under the user's id; a read-only root is fine.
ENV NODE_COMPILE_CACHE=/var/cache/jobwright
RUN echo 'import { defineJob, defineWorker } from "@jobwright/worker-runtime"; import { z } from "zod"; \
      setTimeout(() => process.kill(process.pid, "SIGTERM"), 1000); \
      export default defineWorker({ jobs: [defineJob({ name: "none", input: z.object({}), run() {} })] });' > /tmp/none.mjs \
 && jobwright-worker /tmp/none.mjs --broker amqp://127.0.0.1:1 --queue none.none --port 0 --log-level silent \
 && rm /tmp/none.mjs
EXPOSE 9464
