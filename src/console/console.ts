/** The console as an Express application: the middleware that every request passes before a page of routes.ts. */
import { randomBytes } from 'node:crypto'
import type { IRouter, NextFunction, Request, Response } from 'express'
import helmet from 'helmet'
import type { LocalRequests } from '#http/local-requests.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { ApiError } from '#model/errors.ts'
import { installAssets } from './answer/assets.ts'
import { basePathOf, underBasePath } from './answer/base-path.ts'
import { createRenderer } from './answer/render.ts'
import type { ConsoleSettings } from './console-settings.ts'
import { createEndpoint } from './endpoint.ts'
import { ShownOnce } from './iam/keys/shown-once.ts'
import type { ConsoleServices, DomainServices } from './page.ts'
import { routes } from './routes.ts'
import { createSessions } from './session/session.ts'
import { SessionStore } from './session/session-store.ts'

export interface ConsoleOptions {
  readonly services: DomainServices
  readonly config: ConsoleSettings
  readonly settings: ConsoleServices['settings']
  readonly version: string
  readonly packageRoot: string
  readonly localRequests: LocalRequests
  /** Asked before each visit: why it cannot be answered. */
  readonly freshen: () => Promise<ApiError | undefined> | undefined
  readonly log: LevelLog
}

/** No inline scripts or styles. Content of objects is sent under a stricter policy (objects/object/content.ts). */
const pageHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      mediaSrc: ["'self'"],
      connectSrc: ["'self'"],
      workerSrc: ["'self'"],
      manifestSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  // HSTS is a setting of the proxy's operator.
  strictTransportSecurity: false,
  referrerPolicy: { policy: 'same-origin' },
})

export function createConsole({
  services: domain,
  config: given,
  settings,
  version,
  packageRoot,
  localRequests,
  freshen,
  log,
}: ConsoleOptions) {
  // Without SECRET_KEY, sessions and forms are signed with a random key of this process.
  const config = { ...given, secretKey: given.secretKey ?? randomBytes(32).toString('base64') }
  const openSessions = () => new SessionStore(domain.engine, config.sessionIdleMs, domain.clock)
  const services = { ...domain, config, settings, version, newKeys: new ShownOnce(domain.engine, domain.clock) }
  const renderer = createRenderer(packageRoot, version, basePathOf(config.uiBaseUrl))
  const endpoint = createEndpoint({ services, renderer, log })
  const sessions = createSessions(openSessions, {
    ...config,
    isSecure: (request) => domain.access.clientAddress.isSecure(request),
  })

  function install(app: IRouter): void {
    app.use(underBasePath(basePathOf(config.uiBaseUrl)))
    app.use(pageHeaders)
    app.use((request: Request, _response: Response, next: NextFunction) => next(localRequests(request)))
    app.get('/', (_request: Request, response: Response) => response.redirect('/ui'))
    app.get('/healthz', (_request: Request, response: Response) => void response.json({ status: 'ok', version }))
    installAssets(app, packageRoot)
    app.use('/ui', async (_request: Request, _response: Response, next: NextFunction) => next(await freshen()))
    app.use('/ui', sessions)
    for (const route of routes) {
      app[route.method](route.path, (request, response) => endpoint.answer(route, request, response))
    }
    app.use((request: Request, response: Response) => endpoint.answerUnknown(request, response))
    app.use(endpoint.answerFailure)
  }
  return { install }
}
