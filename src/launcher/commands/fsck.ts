/** `myfsio fsck [--repair] [--rebuild]`: compares the index with the files, and prints the differences. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { type CheckFolderOptions, checkFolder, noFiles } from '#app/folder/check-folder.ts'
import { checkKeys, lostKeyOf } from '#app/folder/check-keys.ts'
import { type CheckedStore, checkShared } from '#app/folder/check-shared.ts'
import { isShared } from '#app/open-index.ts'
import { adviceOnIndex } from '#app/open-store.ts'
import type { Finding } from '#blobs/contract/inspection.ts'
import { StartRefused } from '#blobs/contract/start-refused.ts'
import { FolderInUse } from '#blobs/files/staging/folder-in-use.ts'
import type { AppConfig } from '#config/config.ts'
import { openIdentities } from '#identity/identities.ts'
import { StartError } from '#launcher/protocol.ts'
import { assertIndexOwn, assertStorageWritable } from '#launcher/start/storage-access.ts'
import { IndexUnreadable } from '#metadata/index-unreadable.ts'
import { NodeRefused } from '#nodes/refused-start.ts'
import { keyLines } from './key-lines.ts'

export interface FsckFlags {
  readonly repair: boolean
  readonly rebuild: boolean
  /** Run in a separate process, since a damaged index may end it without a message. */
  readonly isApart: boolean
  /** Flags that are settings. */
  readonly rest: readonly string[]
}

export function parseFsckFlags(argv: readonly string[]): FsckFlags {
  const own = ['--repair', '--rebuild', apart]
  return {
    repair: argv.includes('--repair') || argv.includes('--rebuild'),
    rebuild: argv.includes('--rebuild'),
    isApart: argv.includes(apart),
    rest: argv.filter((argument) => !own.includes(argument)),
  }
}

const apart = '--apart'

/** Returns the exit status of `fsck` with these flags. StartError if it was ended by a signal. */
export function fsckApart(argv: readonly string[]): number {
  const [program = '', script = ''] = process.argv
  const { status, signal } = spawnSync(program, [...process.execArgv, script, ...argv, apart], { stdio: 'inherit' })
  if (signal === null) return status ?? 1
  // LMDB maps its file into memory: reading a damaged file raises a signal (SIGBUS, SIGSEGV).
  throw new StartError(`The check was ended by ${signal}: the index is damaged. ${adviceOnIndex}`)
}

/**
 * Returns the exit status: 0 if index and files agree afterwards, otherwise 1. StartError if the folder cannot be
 * checked.
 */
export async function fsck(
  config: AppConfig,
  flags: Pick<FsckFlags, 'repair' | 'rebuild'>,
  print: (line: string) => void,
): Promise<number> {
  if (config.metadataEngine === 'memory')
    throw new StartError('METADATA_ENGINE=memory keeps nothing on disk: there is nothing to check.')
  assertCheckable(config, flags)
  const say = (fields: object, message: string) => print(`${message} ${JSON.stringify(fields)}`)
  const log = { info: say, warn: say, error: () => {} }
  const { repair, rebuild } = flags
  const onFinding = (finding: Finding) => print(formatFinding(finding))
  try {
    const { summary, keys } = isShared(config)
      ? await checkShared(config, { repair, log, onFinding })
      : await checkOwn(config, { repair, rebuild, log, onFinding })
    if (keys.problem !== undefined) print(`unreadable ${keys.problem}`)
    const { versions, bytes, findings, repaired } = summary
    print(`${versions} versions with ${bytes} bytes were compared with their records.`)
    for (const line of keyLines(summary.sealed, keys)) print(line)
    const left = findings - repaired
    if (findings === 0) print('The index and the files agree.')
    else if (left === 0) print(`${findings} findings, all repaired.`)
    else print(`${findings} findings, ${repaired} repaired.${repair ? '' : ' --repair repairs what can be repaired.'}`)
    return left === 0 && keys.problem === undefined ? 0 : 1
  } catch (error) {
    const isPlain = plainErrors.some((one) => error instanceof one)
    // Errors of the disk, of the database and of the S3 store have a code.
    if (error instanceof Error && (isPlain || 'code' in error)) throw new StartError(error.message)
    throw error
  }
}

const plainErrors = [FolderInUse, IndexUnreadable, NodeRefused, StartRefused]

/** StartError if there is nothing to check. */
function assertCheckable(config: AppConfig, { rebuild }: Pick<FsckFlags, 'rebuild'>): void {
  const { storageRoot: root, configFolder } = config
  if (isShared(config)) {
    if (rebuild) throw new StartError(noFiles)
    assertStorageWritable(config)
    return
  }
  if (!existsSync(root)) throw new StartError(`There is no folder ${root} to check.`)
  const system = dirname(configFolder)
  if (!existsSync(system) && !rebuild) {
    throw new StartError(
      `There is no ${system}: no server has used this folder. --rebuild makes an index from its files.`,
    )
  }
  assertIndexOwn(config)
  assertStorageWritable(config)
}

type OwnOptions = Pick<CheckFolderOptions, 'repair' | 'rebuild' | 'log' | 'onFinding'>

/** A folder that one machine uses. */
async function checkOwn(config: AppConfig, options: OwnOptions): Promise<CheckedStore> {
  const { storageRoot: root, region, upstream } = config
  const ownerId = await findOwnerId(config)
  const keys = await checkKeys(config)
  const made = { ownerId, region, bucketDefaults: config }
  const summary = await checkFolder({ ...options, ...made, root, upstream, lostKey: lostKeyOf(keys) })
  return { summary, keys }
}

const formatFinding = ({ kind, where, what, repair }: Finding): string =>
  [`${kind.padEnd(8)} ${where}: ${what}`, repair].filter((part) => part !== undefined).join(' ')

/** The account that owns buckets made from folders; undefined if there are no users yet. Creates none. */
export async function findOwnerId({ iamPath, adminAccessKey, adminSecretKey }: AppConfig): Promise<string | undefined> {
  if (!existsSync(iamPath)) return undefined
  const bootstrap = { accessKey: adminAccessKey ?? 'localadmin', secretKey: adminSecretKey ?? 'localadmin' }
  const silent = { info: () => {}, warn: () => {}, error: () => {} }
  const identities = await openIdentities({ path: iamPath, bootstrap, log: silent })
  const { ownerId } = identities
  await identities.close()
  return ownerId
}
