/** API and console in one process. The services can be reopened while the ports stay open. */
import { type IRouter, type NextFunction, type Request, type Response, Router } from 'express'
import type { AppConfig } from '#config/config.ts'
import type { DocumentSources } from '#documents/source.ts'
import { refusalTold } from '#http/server/connections.ts'
import { closeServer, createHttpServer, listen } from '#http/server/server.ts'
import { readTls } from '#http/server/tls.ts'
import { closeLog, createLog, type Log } from '#lib/log/log.ts'
import { prepareApi } from './api.ts'
import { prepareConsole } from './console.ts'
import { type OpenServices, openServices } from './services.ts'

export interface TogetherStart {
  readonly config: AppConfig
  readonly version: string
  readonly packageRoot: string
  readonly bootstrap: { readonly accessKey: string; readonly secretKey: string }
  /** Makes the sources of the documents for each opening; files unless given. */
  readonly documents?: (() => DocumentSources) | undefined
  /** Runs before the first request, and again after each `reopen`. */
  readonly prepare?: (open: OpenServices) => Promise<void>
}

export interface RunningTogether {
  readonly apiPort: number
  /** Undefined if the mode has no console. */
  readonly consolePort: number | undefined
  /** Reopens the services. New requests wait meanwhile. Data in memory is lost. */
  reopen(): Promise<void>
  close(timeoutMs: number): Promise<void>
}

/** The services and routes that answer at present. */
interface Current {
  readonly open: OpenServices
  readonly api: Router
  readonly console: Router | undefined
  close(): Promise<void>
}

export async function startTogether(start: TogetherStart): Promise<RunningTogether> {
  const { config } = start
  const log = await createLog(config.log, 'myfsio')
  let current: Promise<Current> = Promise.reject(new Error('not opened yet'))
  current.catch(() => undefined)
  const serve = (edge: 'api' | 'console') => {
    const options = { tls: readTls(config.tls), onRefused: refusalTold(log) }
    return createHttpServer(options, (app) => app.use(forward((now) => now[edge])))
  }
  const forward =
    (routerOf: (now: Current) => Router | undefined) => (request: Request, response: Response, next: NextFunction) =>
      void current.then((now) => (routerOf(now) ?? next)(request, response, next), next)
  const servers = { api: serve('api'), console: config.mode === 'both' ? serve('console') : undefined }
  const listenAll = async () => ({
    apiPort: await listen(servers.api, config.host, config.apiPort),
    consolePort: servers.console && (await listen(servers.console, config.host, config.uiPort)),
  })
  const closeAll = async (timeoutMs: number) => {
    await Promise.all([servers.api, servers.console].map((server) => server && closeServer(server, timeoutMs)))
    try {
      await current.then(({ close }) => close())
    } finally {
      await closeLog(log)
    }
  }
  const orCloseAll = async (error: unknown): Promise<never> => {
    await closeAll(0).catch(() => undefined)
    throw error
  }
  const ports = await listenAll().catch(orCloseAll)
  const listening = { ...config, apiPort: ports.apiPort, uiPort: ports.consolePort ?? config.uiPort }
  const openCurrent = () => openRoutes({ ...start, config: listening }, log)
  current = openCurrent()
  await current.catch(orCloseAll)
  return {
    ...ports,
    async reopen() {
      const before = current
      current = before.then(async (old) => {
        await old.close()
        return openCurrent()
      })
      await current
    },
    close: closeAll,
  }
}

async function openRoutes(start: TogetherStart, log: Log): Promise<Current> {
  const { config, documents } = start
  const common = { ...start, isPrimary: true, documents: documents?.() }
  const open = await openServices(common, log)
  await start.prepare?.(open)
  const api = routerOf(await prepareApi(open, common, log))
  const console = config.mode === 'both' ? prepareConsole(open, common, log) : undefined
  return {
    open,
    api,
    console: console && routerOf(console.install),
    async close() {
      await open.close()
    },
  }
}

function routerOf(install: (app: IRouter) => void): Router {
  const router = Router({ caseSensitive: false })
  install(router)
  return router
}
