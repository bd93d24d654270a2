/** Files and folders that are the server's own: no other user of the machine is to read them, whatever the umask was. */
import fs from 'node:fs'
import { join } from 'node:path'

export const privateFileMode = 0o600
const privateFolderMode = 0o700
const rightsOfOthers = 0o077

/** Makes the folder if it is not there, in a parent that is, and takes the rights of others from it. */
export function makePrivateFolder(path: string): void {
  fs.mkdirSync(path, { recursive: true, mode: privateFolderMode })
  closeToOthers(path, privateFolderMode)
}

/** Takes the rights of others from the files of a folder, as far as there are any. */
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

/** Where this cannot be done, as in a folder of another owner or on a volume without modes, it stays as it is. */
function closeToOthers(path: string, mode: number): void {
  if (process.platform === 'win32') return
  try {
    if ((fs.lstatSync(path).mode & rightsOfOthers) !== 0) fs.chmodSync(path, mode)
  } catch {
    // A file of another process may be gone by now.
  }
}
