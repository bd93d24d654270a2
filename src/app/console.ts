/** Assembles a running console. It shares the store and the access checks with the API. */

import { describeConfig } from '#config/describe.ts'
import { createConsole } from '#console/console.ts'
import type { DomainServices } from '#console/page.ts'
import type { DocumentProblem } from '#documents/json-source.ts'
import { refusalTold } from '#http/server/connections.ts'
import { closeServer, createHttpServer, listen } from '#http/server/server.ts'
import { readTls } from '#http/server/tls.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import { closeLog, createLog } from '#lib/log/log.ts'
import type { RunningServer } from './api.ts'
import { type OpenServices, openServices, type ServicesStart } from './services.ts'

export interface ConsoleStart extends ServicesStart {
  readonly packageRoot: string
}

/** The services that pages use, built from those that every process opens. */
export function domainOf(open: OpenServices): DomainServices {
  const { services, access, identities, policies, keys, keyPolicies, engine, clock, jobs, signIn, secretOf } = open
  const { nodes } = open
  return {
    ...services,
    keyring: keys.keyring,
    keyPolicies,
    clock,
    engine,
    backgroundWork: jobs,
    nodes,
    access,
    identities,
    signIn,
    secretOf,
    documentProblems: () =>
      [identities, policies, keys].map(({ path, problem }) => ({ path, problem: sentenceOf(problem) })),
  }
}

/** The routes of a console on open services. */
export function prepareConsole(open: OpenServices, { config, version, packageRoot }: ConsoleStart, log: LevelLog) {
  return createConsole({
    services: domainOf(open),
    config,
    settings: describeConfig(config),
    version,
    packageRoot,
    localRequests: open.localRequests,
    freshen: open.freshenForConsole,
    log,
  })
}

export async function startConsole(start: ConsoleStart): Promise<RunningServer> {
  const { config } = start
  const log = await createLog(config.log, 'console')
  const open = await openServices(start, log)
  const console = prepareConsole(open, start, log)
  const server = createHttpServer({ tls: readTls(config.tls), onRefused: refusalTold(log) }, console.install)
  const port = await listen(server, config.host, config.uiPort)
  return {
    port,
    close: async (timeoutMs) => {
      await closeServer(server, timeoutMs)
      await open.close()
      await closeLog(log)
    },
  }
}

function sentenceOf(problem: DocumentProblem | undefined): string | undefined {
  if (problem === undefined) return undefined
  const { line, path, message } = problem
  return [line === undefined ? '' : `Line ${line}: `, path === '' ? '' : `${path}: `, message].join('')
}
