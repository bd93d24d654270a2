/** The package `myfsio` as a library: the whole program in the caller's process, for tests and tools. */
import { randomBytes, randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { declareUsers } from './app/seed/declare-users.ts'
import { seedStore } from './app/seed/seed.ts'
import type { OpenServices } from './app/services.ts'
import { startTogether } from './app/together.ts'
import { type AppConfig, loadConfig } from './config/config.ts'
import { MemorySource } from './documents/memory-source.ts'
import type { DocumentName } from './documents/source.ts'
import type { Credentials, MyFSIO, MyFSIOOptions, StartMyFSIO } from './embed-types.ts'
import { prepareFirstStart } from './launcher/start/first-start.ts'
import { assertIndexesUsable } from './launcher/start/index-damage.ts'
import { assertStorageWritable } from './launcher/start/storage-access.ts'
import { closeLog, createLog } from './lib/log/log.ts'
import { packageRoot, version } from './lib/program/package-root.ts'

const drainMs = 5000

export const startMyFSIO: StartMyFSIO = async (options = {}) => {
  // A server in memory neither reads nor writes this folder: it does not exist.
  const folder = options.root ?? join(tmpdir(), `myfsio-in-memory-${randomUUID()}`)
  const credentials = options.credentials ?? newCredentials()
  const config = await configOf(options, folder, credentials)
  const running = await startTogether({
    config,
    version,
    packageRoot,
    bootstrap: { accessKey: credentials.accessKeyId, secretKey: credentials.secretAccessKey },
    documents: options.root === undefined ? memoryDocuments : undefined,
    prepare: (open) => prepare(open, options, credentials, config),
  })
  const { host } = config
  const scheme = config.tls === undefined ? 'http' : 'https'
  const { consolePort } = running
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= running.close(drainMs)
    return closing
  }
  return {
    endpoint: `${scheme}://${host}:${running.apiPort}`,
    region: config.region,
    credentials,
    consoleUrl: consolePort === undefined ? undefined : `${scheme}://${host}:${consolePort}/ui`,
    async reset() {
      if (options.root !== undefined)
        throw new Error(`reset() would delete what is in ${folder}: it is for servers in memory.`)
      await running.reopen()
    },
    close,
    [Symbol.asyncDispose]: close,
  } satisfies MyFSIO
}

const newCredentials = (): Credentials => ({
  accessKeyId: 'myfsio',
  secretAccessKey: randomBytes(24).toString('base64url'),
})

/**
 * ConfigError; StartError for a data folder with a damaged index, or if the server does not fit the other nodes. The
 * environment and .env of the caller are not read.
 */
async function configOf(options: MyFSIOOptions, folder: string, credentials: Credentials): Promise<AppConfig> {
  const { root, buckets = [], console: hasConsole = false, port = 0, consolePort = 0, region, settings } = options
  const given = {
    LOG_LEVEL: 'off',
    ...(root === undefined ? { ...memorySettings, SECRET_KEY: randomBytes(24).toString('base64url') } : {}),
    ...settings,
    STORAGE_ROOT: folder,
    MODE: hasConsole ? 'both' : 'api',
    API_PORT: String(port),
    UI_PORT: String(consolePort),
    MYFSIO_BUCKETS: buckets.join(','),
    ...(region === undefined ? {} : { AWS_REGION: region }),
  }
  const config = loadConfig([], given, folder)
  if (root === undefined) return config
  // A folder has its own SECRET_KEY, which encrypts its secrets.
  assertStorageWritable(config)
  if (config.metadataAddress !== undefined) return joinNodes(config, credentials)
  // Opening a damaged index would end the caller's process.
  await assertIndexesUsable(config)
  return prepareFirstStart(config).config
}

/** Makes the same checks as a node that is started by its command. */
async function joinNodes(config: AppConfig, { accessKeyId, secretAccessKey }: Credentials): Promise<AppConfig> {
  const { joinAsNode } = await import('./launcher/start/prepare-node.ts')
  const log = await createLog(config.log, 'myfsio')
  try {
    const { secretKey } = await joinAsNode(config, {
      bootstrapOf: () => ({ accessKey: accessKeyId, secretKey: secretAccessKey }),
      prepare: async () => {},
      say: (sentence) => log.warn({}, sentence),
    })
    return { ...config, secretKey }
  } finally {
    await closeLog(log)
  }
}

const memorySettings = { METADATA_ENGINE: 'memory', SCRUB_INTERVAL: 'off' }

function memoryDocuments() {
  const sources = new Map<string, MemorySource>()
  return ({ name }: DocumentName): MemorySource => {
    const source = sources.get(name) ?? new MemorySource(name)
    sources.set(name, source)
    return source
  }
}

async function prepare(
  { identities, services }: OpenServices,
  { users = [], seed }: MyFSIOOptions,
  credentials: Credentials,
  config: AppConfig,
): Promise<void> {
  await declareUsers(identities, credentials, users)
  if (seed === undefined) return
  const { store, encryption } = services
  await seedStore(store, seed, { config, ownerId: identities.ownerId, encryption })
}
