/** The console's process: for now a status page that needs no login. It shows nothing that a stranger should not see. */
import { join } from 'node:path'
import ejs from 'ejs'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { closeServer, createHttpServer, listen } from '#http/server.ts'
import { readTls } from '#http/tls.ts'
import { createLog, type Log, type LogSettings } from '#lib/log.ts'
import { checkApi } from './check-api.ts'

/** What the console needs to know, as the settings of the whole program have it. */
export interface ConsoleSettings {
  readonly mode: 'both' | 'api' | 'ui'
  readonly host: string
  readonly isLoopback: boolean
  readonly apiPort: number
  readonly uiPort: number
  readonly apiBaseUrl: string | undefined
  readonly region: string
  readonly storageRoot: string
  readonly tls: { certPath: string; keyPath: string } | undefined
  readonly log: LogSettings
}

export interface ConsoleStart {
  readonly config: ConsoleSettings
  readonly version: string
  readonly packageRoot: string
}

export async function startConsole(start: ConsoleStart) {
  const { config } = start
  const log = await createLog(config.log, 'console')
  const server = createHttpServer({ tls: readTls(config.tls) }, (app) => installRoutes(app, start, log))
  const port = await listen(server, config.host, config.uiPort)
  return {
    port,
    close: async (timeoutMs: number) => {
      await closeServer(server, timeoutMs)
      log.flush()
    },
  }
}

const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

function installRoutes(app: Express, { config, version, packageRoot }: ConsoleStart, log: Log): void {
  app.engine('ejs', ejs.renderFile)
  app.set('view engine', 'ejs').set('views', join(packageRoot, 'views'))
  app.use((_request: Request, response: Response, next: NextFunction) => {
    response.set(securityHeaders)
    next()
  })
  app.get('/', (_request, response) => response.redirect('/ui'))
  app.get('/healthz', (_request, response) => response.json({ status: 'ok', version }))
  app.use('/ui/assets', express.static(join(packageRoot, 'public'), { index: false, maxAge: '1h' }))
  app.get('/ui', async (_request, response) => {
    const { internal, shown } = apiUrls(config)
    const api = await checkApi(internal)
    const storageRoot = config.isLoopback ? config.storageRoot : undefined
    response.set('cache-control', 'no-store')
    response.render('status', { version, endpoint: shown, region: config.region, api, storageRoot })
  })
  app.use((_request: Request, response: Response) => {
    response.status(404).render('not-found', { version })
  })
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    log.error({ err: error }, 'page failed')
    response.status(500).type('text').send('Something went wrong; the log says what.')
  })
}

/** Where this process reaches the API, and where the reader's clients do. */
function apiUrls({ mode, host, apiPort, apiBaseUrl, tls }: ConsoleSettings): { internal: string; shown: string } {
  const reachable = /^(0\.0\.0\.0|::)$/.test(host) ? '127.0.0.1' : host
  const local = `${tls ? 'https' : 'http'}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${apiPort}`
  const base = apiBaseUrl?.replace(/\/+$/, '')
  return { internal: mode === 'ui' && base !== undefined ? base : local, shown: base ?? local }
}
