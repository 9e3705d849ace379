FROM node:24-slim AS build
WORKDIR /sluice
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN node_modules/.bin/tsc -p tsconfig.build.json && npm prune --omit=dev

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /sluice
COPY --from=build /sluice/package.json ./
COPY --from=build /sluice/node_modules node_modules
COPY --from=build /sluice/dist dist
# A number, so that Kubernetes can tell it is not root.
USER 1000:1000
EXPOSE 8443 9090
ENTRYPOINT ["node", "dist/main.js"]
CMD ["--help"]
