/** Starts the program's own composition in this process, on free ports and in a new folder, for all tests over HTTP. */
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { IRouter } from 'express'
import { prepareApi } from '#app/api.ts'
import { prepareConsole } from '#app/console.ts'
import { type OpenServices, openServices } from '#app/services.ts'
import { loadConfig } from '#config/config.ts'
import { closeServer, createHttpServer, listen } from '#http/server/server.ts'
import type { Clock } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import { closeLog, createLog } from '#lib/log/log.ts'
import { indexElsewhere } from './store-elsewhere.ts'

export interface ProgramOptions {
  /** Kept by `close`; otherwise a new folder, which `close` removes. */
  readonly root?: string | undefined
  /** Written to iam.json; if absent, the file stays as it is. */
  readonly iam?: object | undefined
  /** In addition to those that keep a test quiet and fast. */
  readonly env?: Readonly<Record<string, string>>
  /** Absent: as LOG_LEVEL and LOG_FILE say; errors are printed. */
  readonly log?: LevelLog | undefined
  readonly isPrimary?: boolean
  readonly clock?: Clock | undefined
  /** The first user, should there be none. */
  readonly bootstrap?: { readonly accessKey: string; readonly secretKey: string }
  /**
   * `upstream`: over another program that keeps them as plain files. If absent, the value of TEST_BLOBS or plain files.
   */
  readonly blobs?: 'files' | 'upstream'
  /** Any that is free, unless given. */
  readonly port?: number
}

export interface TestProgram {
  readonly port: number
  readonly url: string
  /** Holds `data`, which is STORAGE_ROOT unless `env` names another. */
  readonly root: string
  readonly dataFolder: string
  readonly iamPath: string
  readonly opened: OpenServices
  /** Serves the API of the same services too. Its URL. */
  serveApi(port?: number): Promise<string>
  close(): Promise<void>
}

export async function startProgram(edge: 'api' | 'console', options: ProgramOptions = {}): Promise<TestProgram> {
  const { iam, env, isPrimary = true, clock } = options
  const root = options.root ?? (await mkdtemp(join(tmpdir(), `myfsio-${edge}-`)))
  const settings = {
    STORAGE_ROOT: join(root, 'data'),
    SECRET_KEY: testSecretKey,
    STORAGE_WATCH: 'off',
    LOG_LEVEL: 'error',
    ...(edge === 'api' && { API_PORT: '0' }),
    ...(keepsUpstream(options) && { ...(await sharedUpstreamEnv(root)), ...indexElsewhere(root) }),
    ...env,
  }
  const config = loadConfig([], settings, root)
  const { iamPath } = config
  if (iam !== undefined) {
    await mkdir(dirname(iamPath), { recursive: true })
    await writeFile(iamPath, JSON.stringify(iam, null, 2))
  }
  const ownLog = await createLog(config.log, edge)
  const { log = ownLog } = options
  const { bootstrap = { accessKey: 'localadmin', secretKey: 'localadmin' } } = options
  const start = { config, version: '9.9.9', packageRoot, isPrimary, bootstrap, ...(clock && { clock }) }
  const opened = await openServices(start, log)
  const servers: Server[] = []
  const serve = async (install: (app: IRouter) => void, port = 0) => {
    const server = createHttpServer({}, install)
    servers.push(server)
    return listen(server, '127.0.0.1', port)
  }
  const serveApi = async (atPort?: number) => serve(await prepareApi(opened, start, log), atPort)
  const port =
    edge === 'api'
      ? await serveApi(options.port)
      : await serve(prepareConsole(opened, start, log).install, options.port)
  return {
    port,
    url: urlOf(port),
    root,
    dataFolder: config.storageRoot,
    iamPath,
    opened,
    serveApi: async (atPort) => urlOf(await serveApi(atPort)),
    async close() {
      await Promise.all(servers.map((server) => closeServer(server, 0)))
      await opened.close()
      await closeLog(ownLog)
      if (options.root === undefined) await rm(root, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/**
 * `TEST_BLOBS=upstream npx vitest run test/s3/objects.test.ts` runs a suite with bytes in another store; its index:
 * store-elsewhere.ts.
 */
function keepsUpstream({
  blobs = process.env.TEST_BLOBS === 'upstream' ? 'upstream' : 'files',
  env = {},
}: ProgramOptions) {
  return blobs === 'upstream' && env.BLOBS_URL === undefined && env.METADATA_ENGINE !== 'memory'
}

let sharedUpstream: Promise<TestProgram> | undefined

/**
 * One store for all programs of this process, which ends with it. Each has its own bytes there, and finds them when it
 * is opened again.
 */
async function sharedUpstreamEnv(root: string): Promise<Record<string, string>> {
  sharedUpstream ??= startProgram('api', { blobs: 'files', env: { MYFSIO_BUCKETS: 'upstream-bytes' } })
  const { url } = await sharedUpstream
  return {
    BLOBS_URL: `s3://upstream-bytes/${createHash('sha256').update(root).digest('hex')}?endpoint=${url}`,
    BLOBS_ACCESS_KEY_ID: 'localadmin',
    BLOBS_SECRET_ACCESS_KEY: 'localadmin',
  }
}

const urlOf = (port: number) => `http://127.0.0.1:${port}`

export const testSecretKey = 'a secret key of the tests'

const packageRoot = fileURLToPath(new URL('../..', import.meta.url))
