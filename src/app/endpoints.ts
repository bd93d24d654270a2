/** The endpoints of the API, each with the services that it needs. */
import type { IncomingMessage } from 'node:http'
import type { NextFunction, Request, Response } from 'express'
import { createAdminEndpoint } from '#admin/endpoint.ts'
import { createHealthRoutes } from '#admin/health.ts'
import { createMinioAdminRoutes } from '#admin/minio-admin.ts'
import type { AppConfig } from '#config/config.ts'
import { createJsonEndpoint } from '#http/aws-json/endpoint.ts'
import { createQueryEndpoint } from '#http/aws-query/endpoint.ts'
import { createCors } from '#http/cors.ts'
import { RateLimiter } from '#http/rate-limit.ts'
import { createIamService } from '#iam/service.ts'
import { createKmsService } from '#kms/service.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import { createWebsiteHostReader } from '#model/bucket/website/website-host.ts'
import type { ServedRequest } from '#model/served-request.ts'
import { createS3Endpoint } from '#s3/endpoint.ts'
import { createStsService } from '#sts/service.ts'
import { createWebsiteEndpoint } from '#website/endpoint.ts'
import { createRequestKinds } from './request-kind.ts'
import type { OpenServices } from './services.ts'

export function createEndpoints(open: OpenServices, config: AppConfig, version: string, log: LevelLog) {
  const { services, access } = open
  const { virtualHostDomains } = services.settings
  const rateLimit = rateLimitOf(open, config)
  const onServed = config.activity ? (served: ServedRequest) => access.activity.record(served) : undefined
  const shared = { log, rateLimit, onServed }
  const kmsService = kmsOf(open, config)
  const { kindOf, isOfS3 } = createRequestKinds(virtualHostDomains, kmsService)
  const cors = createCors(config.cors)
  const serverCors = (request: IncomingMessage) => (isOfS3(request) ? cors : undefined)
  const limit = rateLimit === undefined ? {} : { rateLimit }
  return {
    kindOf,
    isOfS3,
    cors,
    websiteIn: createWebsiteHostReader(config.websiteDomains, virtualHostDomains),
    query: createQueryEndpoint(queryServicesOf(open, config), shared),
    kms: createJsonEndpoint(kmsService, shared),
    s3: createS3Endpoint({ services, log, onServed, serverCors, ...limit }),
    website: createWebsiteEndpoint({ ...shared, services, clientAddress: access.clientAddress, serverCors: cors }),
    own: ownEndpoint(open, config, version),
  }
}

function rateLimitOf({ access }: OpenServices, { rateLimit }: AppConfig) {
  const limiter = rateLimit ? new RateLimiter(rateLimit) : undefined
  return limiter && ((request: IncomingMessage) => limiter.assert(access.clientAddress.address(request) ?? ''))
}

function queryServicesOf({ services, access, identities, engine, clock }: OpenServices, config: AppConfig) {
  const { gatekeeper } = services
  const { clientAddress } = access
  return [
    createIamService({ identities, gatekeeper, clientAddress, settings: config, engine, clock }),
    createStsService({ identities, gatekeeper, journal: access.journal, settings: config.sts, clock }),
  ]
}

function kmsOf({ services, keys, keyPolicies }: OpenServices, settings: AppConfig) {
  return createKmsService({ gatekeeper: services.gatekeeper, keyring: keys.keyring, keyPolicies, settings })
}

/** Health probes, MinIO's admin routes, and the routes below `/_/`. */
function ownEndpoint(open: OpenServices, { region, service, apiBaseUrl }: AppConfig, version: string) {
  const { services, access, identities } = open
  const health = createHealthRoutes(version)
  const minioAdmin = createMinioAdminRoutes(services.store)
  const findIdentity = (name: string) => identities.find(name)
  const documents = () => [identities, open.policies, open.keys].map(({ path, problem }) => ({ path, problem }))
  const serverOwnerId = () => identities.ownerId
  const questions = { access, findIdentity, documents, serverOwnerId, backgroundWork: open.jobs, nodes: open.nodes }
  const admin = createAdminEndpoint({ ...services, region, service, apiBaseUrl, ...questions })
  return (request: Request, response: Response, next: NextFunction): void =>
    health(request, response, () => minioAdmin(request, response, () => admin(request, response, next)))
}
