/** Files and folders that only the server may read, whatever the umask was. */
import fs from 'node:fs'
import { join } from 'node:path'

export const privateFileMode = 0o600
const privateFolderMode = 0o700
const rightsOfOthers = 0o077

/** Creates the folder in an existing parent, and removes the rights of others from it. */
export function makePrivateFolder(path: string): void {
  fs.mkdirSync(path, { recursive: true, mode: privateFolderMode })
  closeToOthers(path, privateFolderMode)
}

/** Removes the rights of others from the files of a folder. */
export function closeFilesToOthers(folder: string): void {
  for (const entry of readFolder(folder)) if (entry.isFile()) closeToOthers(join(folder, entry.name), privateFileMode)
}

function readFolder(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

/** Has no effect where it is not possible, such as in a folder of another owner or on a volume without modes. */
function closeToOthers(path: string, mode: number): void {
  if (process.platform === 'win32') return
  try {
    if ((fs.lstatSync(path).mode & rightsOfOthers) !== 0) fs.chmodSync(path, mode)
  } catch {
    // Another process may have removed the file.
  }
}
