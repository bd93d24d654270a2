/** Syncs by path. Windows cannot open a folder to sync it. */
import fs from 'node:fs'
import { open } from 'node:fs/promises'

/** Afterwards the names in this folder survive a power loss. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform !== 'win32') await syncPath(path, fs.constants.O_RDONLY)
}

export function syncFolderSync(path: string): void {
  if (process.platform === 'win32') return
  const folder = fs.openSync(path, 'r')
  try {
    fs.fsyncSync(folder)
  } finally {
    fs.closeSync(folder)
  }
}

/** Afterwards what was written to this open file is on disk. */
export function datasync(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fdatasync(fd, (error) => (error === null ? resolve() : reject(error)))
  })
}

/** False if the file was removed meanwhile. Does nothing for a file that cannot be synced. */
export const syncIfThere = (path: string): Promise<boolean> => trySync(path, fs.constants.O_RDONLY)

/** False if the folder was removed meanwhile, or is no folder any more. */
export const syncFolderIfThere = (path: string): Promise<boolean> =>
  trySync(path, fs.constants.O_RDONLY | (fs.constants.O_DIRECTORY ?? 0))

async function trySync(path: string, flags: number): Promise<boolean> {
  try {
    await syncPath(path, flags)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (['ENOENT', 'ENOTDIR'].includes(code)) return false
    if (!['EISDIR', 'EPERM', 'EINVAL'].includes(code)) throw error
  }
  return true
}

async function syncPath(path: string, flags: number): Promise<void> {
  const handle = await open(path, flags)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
