/** Checks before the start that this user may write what the servers will write. */
import { accessSync, constants, readdirSync, type Stats, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import type { AppConfig } from '#config/config.ts'
import { StartError } from '#launcher/protocol.ts'
import { makeFolder } from '#lib/files/make-folder.ts'

const toRead = constants.R_OK
const toWrite = constants.R_OK | constants.W_OK
/**
 * The access that files in these folders of `.myfsio.sys` need: documents are replaced by renames, an index is written
 * in place.
 */
const filesIn = { config: toRead, index: toWrite, journal: toWrite }

/** StartError. Creates folders that are missing. */
export function assertStorageWritable(config: AppConfig): void {
  const { storageRoot, configFolder, iamPath, bucketPolicyPath, log } = config
  const system = dirname(configFolder)
  for (const folder of [storageRoot, system, configFolder]) assertFolder('STORAGE_ROOT', folder)
  for (const folder of foldersIn(system)) assertFolder('STORAGE_ROOT', folder)
  for (const [folder, mode] of Object.entries(filesIn)) assertFiles(join(system, folder), mode)
  assertDocument('IAM_CONFIG', iamPath)
  assertDocument('BUCKET_POLICY_PATH', bucketPolicyPath)
  if (log.file === undefined) return
  assertFolder('LOG_DIR', dirname(log.file))
  assertFile('LOG_DIR', log.file, toWrite)
}

/** StartError for root if the server runs as another user, who could not write files of root. */
export function assertIndexOwn({ configFolder }: Pick<AppConfig, 'configFolder'>): void {
  const index = statsOf(join(dirname(configFolder), 'index'))
  if (process.getuid?.() !== 0 || index === undefined || index.uid === 0) return
  const message = `The server runs as user ${index.uid} and could not write files that root creates: run this command as that user`
  throw new StartError(`${message}, as with setpriv --reuid ${index.uid} --regid ${index.gid} --clear-groups.`)
}

export function cannotWrite(setting: string, path: string, error: unknown): StartError {
  return new StartError(`${setting}: ${path} cannot be written: ${reasonOf(error)}.`)
}

function assertFolder(setting: string, folder: string): void {
  try {
    makeFolder(folder)
    accessSync(folder, toWrite | constants.X_OK)
  } catch (error) {
    throw cannotWrite(setting, folder, error)
  }
}

function assertFiles(folder: string, mode: number): void {
  for (const name of list(folder)) {
    const path = join(folder, name)
    if (statsOf(path)?.isFile() === true) assertFile('STORAGE_ROOT', path, mode)
  }
}

/** An existing file may be read-only, such as a mounted secret that is changed elsewhere. */
function assertDocument(setting: string, file: string): void {
  if (statsOf(file) === undefined) assertFolder(setting, dirname(file))
  else assertFile(setting, file, toRead)
}

function assertFile(setting: string, file: string, mode: number): void {
  if (statsOf(file) === undefined) return
  try {
    accessSync(file, mode)
  } catch (error) {
    if (mode === toWrite) throw cannotWrite(setting, file, error)
    throw new StartError(`${setting}: ${file} cannot be read: ${reasonOf(error)}.`)
  }
}

function foldersIn(folder: string): string[] {
  return list(folder)
    .map((name) => join(folder, name))
    .filter((path) => statsOf(path)?.isDirectory() === true)
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Undefined also if a parent folder cannot be entered: creating the folder then gives the error. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'there is a file in its place',
  ENOENT: 'no folder can be made there',
  ENOTDIR: 'there is a file in its place',
  EROFS: 'the file system is read-only',
  ENOSPC: 'there is no space left',
  EDQUOT: 'the disk quota is used up',
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'EACCES' || code === 'EPERM') {
    return `user ${userName()} has no permission. Change its owner or mode, or give another place`
  }
  return reasons[code] ?? error.message
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A container may run as a numeric user id without a name.
    return String(process.getuid?.() ?? '')
  }
}
