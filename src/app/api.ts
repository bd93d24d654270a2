/** Assembles a running API from its parts. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { IRouter, NextFunction, Request, Response } from 'express'
import type { AppConfig } from '#config/config.ts'
import { answerRefusal } from '#http/answer-refusal.ts'
import { applyCors } from '#http/cors.ts'
import { createDateHeader } from '#http/date-header.ts'
import { refusalTold } from '#http/server/connections.ts'
import { closeServer, createHttpServer, listen, takeConnections } from '#http/server/server.ts'
import { readTls } from '#http/server/tls.ts'
import { systemClock } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import { closeLog, createLog } from '#lib/log/log.ts'
import { ApiError } from '#model/errors.ts'
import { createEndpoints } from './endpoints.ts'
import { createBuckets } from './seed/create-buckets.ts'
import { type OpenServices, openServices, type ServicesStart } from './services.ts'

export type ApiStart = ServicesStart

export interface RunningServer {
  readonly port: number
  close(timeoutMs: number): Promise<void>
}

/** An API that gets its connections from another process. */
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
    await closeLog(log)
  }
  return { server, close }
}

/** The routes of an API on open services. The primary process also creates the buckets of MYFSIO_BUCKETS. */
export async function prepareApi(
  open: OpenServices,
  { config, version, isPrimary }: ApiStart,
  log: LevelLog,
): Promise<(app: IRouter) => void> {
  const { clock, identities, services } = open
  if (isPrimary) await createBuckets(services.store, { config, ownerId: identities.ownerId, clock })
  return installRoutes(open, config, version, log)
}

/** Health probes answer even if the index is unavailable: a node that waits for its database must not be replaced. */
const isHealth = ({ url = '' }: IncomingMessage) => /^\/(healthz|minio\/health)(\/|\?|$)/.test(url)

/** Order: first the cheap routes that need no credentials, last the S3 endpoint, which takes everything else. */
function installRoutes(open: OpenServices, config: AppConfig, version: string, log: LevelLog) {
  const { kindOf, isOfS3, websiteIn, cors, ...endpoints } = createEndpoints(open, config, version, log)
  const { query, kms, s3, website, own } = endpoints
  // node:http writes the system's time.
  const writeDate = open.clock === systemClock ? undefined : createDateHeader(open.clock)

  function route(request: Request, response: Response, next: NextFunction): void {
    const kind = kindOf(request)
    if (kind === 'query') query(request, response)
    else if (kind === 'json') kms(request, response)
    else if (kind === 's3') s3(request, response)
    else own(request, response, next)
  }

  function refuse(error: ApiError, request: Request, response: Response): void {
    const kind = kindOf(request)
    answerRefusal(error, kind === 'own' ? 's3' : kind, request, response)
  }

  const isAboutDocuments = (request: IncomingMessage) =>
    kindOf(request) !== 's3' || /[?&]policy(Status)?(&|=|$)/.test(request.url ?? '')

  return (app: IRouter): void => {
    const serve = (request: Request, response: Response, next: NextFunction) => {
      const refusal = open.localRequests(request)
      const { host, origin } = request.headers
      const site = websiteIn(host)
      if (refusal !== undefined) {
        log.warn({ host, origin, path: request.path }, 'refused: the well-known default secret is in force')
        refuse(refusal, request, response)
      } else if (site !== undefined) website(request, response, site)
      else if (config.corsAdmin && !isOfS3(request)) {
        applyCors(cors, request, response, () => route(request, response, next))
      } else route(request, response, next)
    }
    // One function for all of this: each Express layer would cost as much time as these steps together.
    app.use((request: Request, response: Response, next: NextFunction) => {
      writeDate?.(response)
      // Without nodes there is nothing to refresh.
      const fresh =
        open.freshen === undefined || isHealth(request) ? undefined : open.freshen(request, isAboutDocuments)
      if (fresh === undefined) return serve(request, response, next)
      const serveOrRefuse = (refusal: ApiError | undefined) =>
        refusal === undefined ? serve(request, response, next) : refuse(refusal, request, response)
      fresh.then(serveOrRefuse).catch(next)
    })
    app.use((request: Request, response: Response) => s3(request, response))
    // The default answer of Express is a page with the stack.
    app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
      log.error({ error, path: request.path }, 'a request failed before it reached a service')
      if (response.headersSent) response.destroy()
      else refuse(new ApiError('InternalError'), request, response)
    })
  }
}
