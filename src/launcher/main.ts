/** The command line: runs the command that is named, by default the servers, until a signal stops them. */

import { randomBytes } from 'node:crypto'
import { findCommand } from '#config/commands.ts'
import { type AppConfig, ConfigError, loadConfig } from '#config/config.ts'
import { isColorUnwanted, silenceSdkNotice } from '#config/environment.ts'
import { limitsWithin } from '#http/server/connections.ts'
import { readTls } from '#http/server/tls.ts'
import { packageRoot, version } from '#lib/program/package-root.ts'
import { programFile } from '#lib/program/program-file.ts'
import { findOpenFileLimit } from '#lib/system/open-file-limit.ts'
import {
  formatBanner,
  formatHelp,
  formatReadyJson,
  formatReadyLine,
  formatSettings,
  type Started,
  styleFor,
} from './banner.ts'
import { assertPortsFree, type Listener } from './processes/ports.ts'
import { rotateLog } from './processes/rotate-log.ts'
import { SharedPort } from './processes/shared-port.ts'
import { type Post, Supervisor } from './processes/supervisor.ts'
import { isPlainError, type Role, StartError, type StartMessage } from './protocol.ts'
import { isAdministratorOther, type Prepared, prepareFirstStart } from './start/first-start.ts'
import { assertIndexesUsable, findIndexDamage } from './start/index-damage.ts'
import { assertKmsEndpointSafe } from './start/kms-endpoint.ts'
import { assertNotMinioFolder } from './start/minio-folder.ts'
import { assertStorageWritable } from './start/storage-access.ts'

const style = styleFor(process.stdout, isColorUnwanted())
const print = (text: string) => void process.stdout.write(`${text}\n`)
const complain = (text: string) => void process.stderr.write(`${text}\n`)

export async function main(argv: readonly string[]): Promise<void> {
  silenceSdkNotice()
  try {
    await run(argv)
  } catch (error) {
    if (error instanceof ConfigError) complain(`Invalid settings:\n${bullets(error.mistakes)}`)
    else if (isPlainError(error)) complain(error.message)
    else complain(error instanceof Error ? (error.stack ?? error.message) : String(error))
    process.exit(1)
  }
}

async function run(argv: readonly string[]): Promise<void> {
  const command = findCommand(argv)
  if (command === 'help') return print(formatHelp(version, style))
  if (command === 'version') return print(version)
  if (command === 'fsck') return checkFolder(argv)
  if (command === 'health') return sayHealth(argv.slice(1))
  if (command === 'where') return sayWhere(argv.slice(1))
  if (command === 'migrate') return migrate(argv.slice(1))
  if (command === 'documents') return sayDocuments(argv.slice(1))
  if (command === 'rotate-root-key') return exchangeRootKey(argv.slice(1))
  const config = loadConfig(argv)
  if (command === 'show-config') return print(formatSettings(config))
  for (const note of config.notes) complain(note)
  assertTlsFiles(config)
  await assertKmsEndpointSafe(config)
  if (command === 'check-config') return sayConfig(config)
  if (command === 'start') return serve(config)
  assertStorageWritable(config)
  const { resetCredentials } = await import('./commands/reset-cred.ts')
  const { accessKey, secretKey } = await resetCredentials(config)
  print(
    `${accessKey} / ${secretKey}\nThis secret is shown only this once; ${config.metadataAddress === undefined ? config.iamPath : 'the index'} holds it.`,
  )
}

/** Ends with status 1 if the keys cannot be used. */
async function sayConfig(config: AppConfig): Promise<void> {
  const { checkConfig } = await import('./commands/check-config.ts')
  await checkConfig(config, print)
}

/** Ends with status 1 if the server does not answer. */
async function sayHealth(argv: readonly string[]): Promise<void> {
  const { checkHealth, findServerArguments } = await import('./commands/health.ts')
  print(await checkHealth(loadConfig(argv.length > 0 ? argv : findServerArguments())))
}

/** Ends with status 1 if there is no such object. */
async function sayWhere(argv: readonly string[]): Promise<void> {
  const { parseWhereArguments, where } = await import('./commands/where.ts')
  const { address, rest } = parseWhereArguments(argv)
  print(await where(loadConfig(rest), address))
}

/** Ends with status 1 if something could not be taken. */
async function migrate(argv: readonly string[]): Promise<void> {
  const { isImport, parseImportArguments } = await import('./commands/migrate-arguments.ts')
  if (isImport(argv)) {
    const asked = parseImportArguments(argv)
    const { migrateFrom } = await import('./commands/migrate-from.ts')
    process.exitCode = await migrateFrom(loadConfig(asked.rest), asked, { print, complain, prepare })
    return
  }
  const { migrateTo } = await import('./commands/migrate-to.ts')
  process.exitCode = await migrateTo(argv, { print, complain })
}

/** Ends with status 1 if nothing could be written, or taken. */
async function sayDocuments(argv: readonly string[]): Promise<void> {
  const { documents, parseDocumentsArguments } = await import('./commands/documents.ts')
  const given = parseDocumentsArguments(argv)
  print(await documents(loadConfig(given.rest), given))
}

/** Ends with status 1 if the root key has not changed. */
async function exchangeRootKey(argv: readonly string[]): Promise<void> {
  const { parseRotateArguments, rotateRootKey } = await import('./commands/rotate-root-key.ts')
  const { from, rest } = parseRotateArguments(argv)
  print(await rotateRootKey(loadConfig(rest), from))
}

/** Ends with status 1 if index and files still differ. */
async function checkFolder(argv: readonly string[]): Promise<void> {
  const { fsck, fsckApart, parseFsckFlags } = await import('./commands/fsck.ts')
  const flags = parseFsckFlags(argv.slice(1))
  const config = loadConfig(flags.rest)
  process.exitCode = flags.isApart ? await fsck(config, flags, print) : fsckApart(argv)
}

/** StartError. Checked here, so that the message appears once and not from every child. */
function assertTlsFiles(config: AppConfig): void {
  try {
    readTls(config.tls)
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error))
  }
}

async function serve(config: AppConfig): Promise<void> {
  await assertPortsFree(config.host, listenersOf(config))
  const program = programFile('child')
  assertNotMinioFolder(config)
  assertStorageWritable(config)
  const prepared = await prepare(config)
  rotateLog(config.log)
  const giveUp = (reason: string) => {
    complain(reason)
    void findIndexDamage(config).then((damage) => {
      if (damage !== undefined) complain(damage)
      process.exit(1)
    })
  }
  await assertIndexesUsable(config)
  const { host, apiPort, answerTimeoutMs } = config
  const sharedPort = new SharedPort(limitsWithin(findOpenFileLimit()).descriptors)
  const supervisor = new Supervisor({ program, host, apiPort, sharedPort, answerTimeoutMs, say: complain, giveUp })
  stopOnSignals(supervisor)
  // One child of each role first: if all started at once, they would share the processors, and the first answer would
  // come later.
  const [posts, others] = inWaves(postsOf(prepared))
  try {
    const ports = await supervisor.start(posts)
    const portOf = (role: string) => ports[posts.findIndex((post) => post.start.role === role)]
    const seconds = process.uptime()
    announce(prepared, { version, apiPort: portOf('api'), uiPort: portOf('console'), seconds })
    await supervisor.start(others)
  } catch (error) {
    await supervisor.stop()
    const damage = await findIndexDamage(config)
    if (damage !== undefined) complain(damage)
    throw error
  }
  checkIndexesLater(config)
}

/** StartError. */
async function prepare(config: AppConfig): Promise<Prepared> {
  if (config.metadataAddress !== undefined) {
    const { prepareNode } = await import('./start/prepare-node.ts')
    return prepareNode(config, complain)
  }
  const prepared = prepareFirstStart(config)
  if (isAdministratorOther(config)) {
    const { applyAdministrator } = await import('./start/apply-administrator.ts')
    const sentence = await applyAdministrator(prepared.config)
    if (sentence !== undefined) complain(sentence)
  }
  return prepared
}

/** Reads the whole index once the server runs: before the start it would take too long where the index is large. */
function checkIndexesLater(config: AppConfig): void {
  const check = async () => {
    const damage = await findIndexDamage(config)
    if (damage !== undefined) complain(damage)
  }
  setTimeout(() => void check(), checkAfterMs).unref()
}

const checkAfterMs = 5000

/**
 * Standard output belongs to the log: if the log is JSON, the message is a line of JSON too, so that programs can read
 * the output.
 */
function announce(prepared: Prepared, started: Started): void {
  const { readyJson, log } = prepared.config
  if (readyJson) {
    print(formatReadyJson(prepared, started))
    return
  }
  const { format, level } = log
  const isText = format === 'pretty' || (format === 'auto' && process.stdout.isTTY === true)
  if (isText) print(formatBanner(prepared, started, style))
  else if (format === 'json' && level !== 'silent') print(formatReadyLine(prepared, started))
  else if (format === 'auto' || process.stderr.isTTY === true) {
    complain(formatBanner(prepared, started, styleFor(process.stderr, isColorUnwanted())))
  }
}

function listenersOf({ mode, apiPort, uiPort }: AppConfig): Listener[] {
  const api = { what: 'S3 API', port: apiPort, setting: '--api-port' }
  const ui = { what: 'console', port: uiPort, setting: '--ui-port' }
  return mode === 'both' ? [api, ui] : [mode === 'api' ? api : ui]
}

function postsOf({ config, bootstrap }: Prepared): Post[] {
  const nodeId = randomBytes(6).toString('hex')
  const startedAtMs = Date.now()
  const startOf = (role: Role, process: string, isPrimary: boolean): StartMessage => {
    const node = { id: nodeId, startedAtMs, process, role }
    return { type: 'start', config, version, packageRoot, bootstrap, role, isPrimary, node }
  }
  const workers = config.mode === 'ui' ? 0 : config.workers
  const posts: Post[] = Array.from({ length: workers }, (_, at) => {
    const name = `API worker ${at + 1}`
    return { name, start: startOf('api', name, at === 0) }
  })
  // Without API processes the console watches for files that were changed by hand.
  const console = startOf('console', 'Console', config.mode === 'ui')
  // The console cannot read the memory of an API process.
  const isApart = config.mode === 'both' && config.metadataEngine === 'memory'
  if (config.mode !== 'api' && !isApart) posts.push({ name: 'Console', start: console })
  return posts
}

function inWaves(posts: readonly Post[]): [first: Post[], others: Post[]] {
  const isFirst = (post: Post) => posts.find(({ start }) => start.role === post.start.role) === post
  return [posts.filter(isFirst), posts.filter((post) => !isFirst(post))]
}

/** The first signal lets requests in flight finish; the second one ends the processes at once. */
function stopOnSignals(supervisor: Supervisor): void {
  let isStopping = false
  const stop = async () => {
    if (isStopping) return supervisor.kill()
    isStopping = true
    await supervisor.stop()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void stop())
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `  - ${line}`).join('\n')
}
