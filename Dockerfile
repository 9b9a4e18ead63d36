# Two images from one file:
#   docker build --target operator .         the operator, one bundled file
#   docker build --target worker-runtime .   the base image for your own workers
# Both run as a user without name or rights (65532) on a read-only root.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS tools
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

FROM ${NODE_IMAGE} AS runtime-packages
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

FROM ${NODE_IMAGE} AS operator
ENV NODE_ENV=production
WORKDIR /operator
COPY LICENSE ./
# package.json says that main.js is an ES module.
COPY operator/package.json ./
COPY --from=operator-build /src/operator/dist/main.js dist/main.js
USER 65532:65532
EXPOSE 8080
# A frugal heap: a listing of a big vhost is garbage a moment later (docs/benchmarks.md has the figures).
ENTRYPOINT ["node", "--max-semi-space-size=4", "--optimize-for-size", "/operator/dist/main.js"]

FROM ${NODE_IMAGE} AS worker-runtime
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
