/** Assembles a running API from its parts. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { IRouter, NextFunction, Request, Response } from 'express'
import { createAdminEndpoint } from '#admin/endpoint.ts'
import { createHealthRoutes } from '#admin/health.ts'
import { createMinioAdminRoutes } from '#admin/minio-admin.ts'
import type { AppConfig } from '#config/config.ts'
import { answerRefusal } from '#http/answer-refusal.ts'
import { createJsonEndpoint } from '#http/aws-json/endpoint.ts'
import { isJsonRequest } from '#http/aws-json/recognize.ts'
import { createQueryEndpoint } from '#http/aws-query/endpoint.ts'
import { isQueryRequest } from '#http/aws-query/recognize.ts'
import { applyCors, createCors } from '#http/cors.ts'
import { RateLimiter } from '#http/rate-limit.ts'
import { refusalTold } from '#http/server/connections.ts'
import { closeServer, createHttpServer, listen, takeConnections } from '#http/server/server.ts'
import { readTls } from '#http/server/tls.ts'
import { createIamService } from '#iam/service.ts'
import { createKmsService } from '#kms/service.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import { createLog, flushLog } from '#lib/log/log.ts'
import { createWebsiteHostReader } from '#model/bucket/website/website-host.ts'
import { ApiError } from '#model/errors.ts'
import type { ServedRequest } from '#model/served-request.ts'
import { createS3Endpoint } from '#s3/endpoint.ts'
import { createAddressReader } from '#s3/request/address.ts'
import { createStsService } from '#sts/service.ts'
import { createWebsiteEndpoint } from '#website/endpoint.ts'
import { createBuckets } from './seed/create-buckets.ts'
import { type OpenServices, openServices, type ServicesStart } from './services.ts'

export type ApiStart = ServicesStart

export interface RunningServer {
  readonly port: number
  close(timeoutMs: number): Promise<void>
}

/** An API whose connections are accepted elsewhere. */
export interface RunningWorker {
  take(socket: Socket): void
  close(timeoutMs: number): Promise<void>
}

export async function startApi(start: ApiStart): Promise<RunningServer> {
  const { server, close } = await openApi(start)
  const port = await listen(server, start.config.host, start.config.apiPort)
  return { port, close }
}

export async function startApiWorker(start: ApiStart): Promise<RunningWorker> {
  const { server, close } = await openApi(start)
  return { take: takeConnections(server), close }
}

async function openApi(start: ApiStart) {
  const { config } = start
  const log = await createLog(config.log, 'api')
  const open = await openServices({ ...start, runsJobs: true }, log)
  const install = await prepareApi(open, start, log)
  const server = createHttpServer({ tls: readTls(config.tls), onRefused: refusalTold(log) }, install)
  const close = async (timeoutMs: number) => {
    await Promise.all([closeServer(server, timeoutMs), open.jobs.close()])
    await open.close()
    await flushLog(log)
  }
  return { server, close }
}

/** The routes of an API on services that are open; the primary process also makes the buckets of MYFSIO_BUCKETS. */
export async function prepareApi(
  open: OpenServices,
  { config, version, isPrimary }: ApiStart,
  log: LevelLog,
): Promise<(app: IRouter) => void> {
  if (isPrimary) await createBuckets(open.services.store, config, open.identities.ownerId)
  return installRoutes(open, config, version, log)
}

/**
 * First the routes that need no credentials and cost nothing to pass, last the S3 endpoint, which takes everything
 * else.
 */
function installRoutes(open: OpenServices, config: AppConfig, version: string, log: LevelLog) {
  const { services, access, identities, clock } = open
  const { gatekeeper } = services
  const limiter = config.rateLimit ? new RateLimiter(config.rateLimit) : undefined
  const rateLimit =
    limiter && ((request: IncomingMessage) => limiter.assert(access.clientAddress.address(request) ?? ''))
  const health = createHealthRoutes(version)
  const { region, service, apiBaseUrl } = config
  const findIdentity = (name: string) => identities.find(name)
  const documents = () => [identities, open.policies, open.keys].map(({ path, problem }) => ({ path, problem }))
  const serverOwnerId = () => identities.ownerId
  const questions = { access, findIdentity, documents, serverOwnerId, backgroundWork: open.jobs, nodes: open.nodes }
  const admin = createAdminEndpoint({ ...services, region, service, apiBaseUrl, ...questions })
  const minioAdmin = createMinioAdminRoutes(services.store)
  const onServed = config.activity ? (served: ServedRequest) => access.activity.record(served) : undefined
  const query = createQueryEndpoint(
    [
      createIamService({
        identities,
        gatekeeper,
        clientAddress: access.clientAddress,
        settings: config,
        engine: open.engine,
        clock,
      }),
      createStsService({ identities, gatekeeper, journal: access.journal, settings: config.sts }),
    ],
    { log, rateLimit, onServed },
  )
  const kmsService = createKmsService({
    gatekeeper,
    keyring: open.keys.keyring,
    keyPolicies: open.keyPolicies,
    settings: config,
  })
  const kms = createJsonEndpoint(kmsService, { log, rateLimit, onServed })
  const readAddress = createAddressReader(services.settings.virtualHostDomains)
  /** A bucket addressed by host may hold a key that looks like one of our own paths. */
  const isOurs = ({ url = '', headers }: IncomingMessage) =>
    /^\/(healthz|minio\/(health|admin|kms|metrics|prometheus|v2)|presign|bucket-policy|_)(\/|\?|$)/.test(url) &&
    readAddress('/', headers.host).bucketName === ''

  const isAboutDocuments = (request: IncomingMessage) =>
    isOurs(request) || protocolOf(request) !== 's3' || /[?&]policy(Status)?(&|=|$)/.test(request.url ?? '')
  const isHealth = ({ url = '' }: IncomingMessage) => /^\/(healthz|minio\/health)(\/|\?|$)/.test(url)
  const websiteIn = createWebsiteHostReader(config.websiteDomains, services.settings.virtualHostDomains)

  /** Requests for IAM and STS. POST to a bucket addressed by host is a request for S3. */
  const isQuery = (request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>) =>
    isQueryRequest(request) && readAddress('/', request.headers.host).bucketName === ''

  const isKms = (request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>) =>
    isJsonRequest(request, kmsService) && readAddress('/', request.headers.host).bucketName === ''

  const protocolOf = (request: IncomingMessage) => (isQuery(request) ? 'query' : isKms(request) ? 'json' : 's3')

  const cors = createCors(config.cors)
  const isOfS3 = (request: IncomingMessage) => !isOurs(request) && !isQuery(asAskedBefore(request)) && !isKms(request)
  const serverCors = (request: IncomingMessage) => (isOfS3(request) ? cors : undefined)
  const endpoint = createS3Endpoint({
    services,
    log,
    onServed,
    serverCors,
    ...(rateLimit === undefined ? {} : { rateLimit }),
  })

  const website = createWebsiteEndpoint({
    services,
    clientAddress: access.clientAddress,
    log,
    rateLimit,
    serverCors: cors,
    onServed,
  })

  function route(request: Request, response: Response, next: NextFunction): void {
    if (isQuery(request)) query(request, response)
    else if (isKms(request)) kms(request, response)
    else if (!isOurs(request)) endpoint(request, response)
    else health(request, response, () => minioAdmin(request, response, () => admin(request, response, next)))
  }

  return (app: IRouter): void => {
    const serve = (request: Request, response: Response, next: NextFunction) => {
      const refusal = open.localRequests(request)
      const { host, origin } = request.headers
      const site = websiteIn(host)
      if (refusal !== undefined) {
        log.warn({ host, origin, path: request.path }, 'refused: the well-known first secret is in force')
        answerRefusal(refusal, protocolOf(request), request, response)
      } else if (site !== undefined) website(request, response, site)
      else if (config.corsAdmin && !isOfS3(request)) {
        applyCors(cors, request, response, () => route(request, response, next))
      } else route(request, response, next)
    }
    // One function for what every request passes: Express takes as long for each as they do together.
    app.use((request: Request, response: Response, next: NextFunction) => {
      // Without nodes there is nothing to ask.
      const fresh =
        open.freshen === undefined || isHealth(request) ? undefined : open.freshen(request, isAboutDocuments)
      if (fresh === undefined) return serve(request, response, next)
      const serveOrRefuse = (refusal: ApiError | undefined) =>
        refusal === undefined
          ? serve(request, response, next)
          : answerRefusal(refusal, protocolOf(request), request, response)
      fresh.then(serveOrRefuse).catch(next)
    })
    app.use((request: Request, response: Response) => endpoint(request, response))
    // Express's own answer would be a page with the stack.
    app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
      log.error({ error, path: request.path }, 'a request failed before it reached a service')
      if (response.headersSent) response.destroy()
      else answerRefusal(new ApiError('InternalError'), protocolOf(request), request, response)
    })
  }
}

/** The request that a preflight asks for. */
function asAskedBefore(request: IncomingMessage): Pick<IncomingMessage, 'method' | 'url' | 'headers'> {
  const { method, url, headers } = request
  const asked = headers['access-control-request-method']
  if (method !== 'OPTIONS' || asked === undefined) return request
  // A POST to the service itself is a form for IAM or STS: S3 has none there.
  return { method: asked, url, headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' } }
}
