# MyFSIO as an image. `docker build -t myfsio .`; compose.yaml shows how it is run.

FROM node:24-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && rm package-lock.json
# Binaries for other versions of Node and other C libraries than the image's.
RUN find node_modules/@lmdb -name '*.abi*.node' -delete && find node_modules -name '*musl*' -prune -exec rm -r {} +
WORKDIR /src
COPY . .
RUN npm pack --silent --pack-destination /tmp
WORKDIR /app
RUN tar -xzf /tmp/myfsio-*.tgz --strip-components=1 && chmod +x dist/run.js
WORKDIR /data

FROM node:24-slim
ENV APP_HOST=0.0.0.0 STORAGE_ROOT=/data NODE_ENV=production
COPY --from=build /app /app
COPY --from=build --chown=node:node /data /data
# The second name is for command lines that were written for MinIO's image.
RUN ln -s /app/dist/run.js /usr/local/bin/myfsio && ln -s /app/dist/run.js /usr/local/bin/minio
USER node
VOLUME /data
EXPOSE 5000 5100
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --start-interval=1s CMD ["myfsio", "health"]
ENTRYPOINT ["myfsio"]
