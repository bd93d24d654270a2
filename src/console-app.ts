/** How the parts make a running console, on the same store and behind the same gatekeeper as the API. */
import { createConsole } from '#console/console.ts'
import { closeServer, createHttpServer, listen } from '#http/server.ts'
import { readTls } from '#http/tls.ts'
import { createLog } from '#lib/log.ts'
import type { RunningServer } from './app.ts'
import { describeConfig } from './config.ts'
import { openServices, type ServicesStart } from './services.ts'

export interface ConsoleStart extends ServicesStart {
  readonly version: string
  readonly packageRoot: string
}

export async function startConsole(start: ConsoleStart): Promise<RunningServer> {
  const { config, version, packageRoot } = start
  const log = await createLog(config.log, 'console')
  const services = await openServices(start, log)
  const console = createConsole({
    services,
    config,
    settings: describeConfig(config),
    version,
    packageRoot,
    log,
  })
  const server = createHttpServer({ tls: readTls(config.tls) }, console.install)
  const port = await listen(server, config.host, config.uiPort)
  return {
    port,
    close: async (timeoutMs) => {
      await closeServer(server, timeoutMs)
      console.close()
      await services.close()
      log.flush()
    },
  }
}
