/** Folders that MinIO has written: their objects are not plain files, and would be taken for folders with a file `xl.meta`. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AppConfig } from '#config/config.ts'
import { StartError } from '#launcher/protocol.ts'

/** StartError. MinIO's old `fs` format is plain files, which can be used. */
export function assertNotMinioFolder({ storageRoot }: Pick<AppConfig, 'storageRoot'>): void {
  const file = join(storageRoot, '.minio.sys', 'format.json')
  if (!existsSync(file) || /"format":\s*"fs"/.test(readFileSync(file, 'utf8'))) return
  throw new StartError(
    `${storageRoot} holds objects in MinIO's own format. Give an empty folder, and copy the objects from a running MinIO, ` +
      'as with `mc mirror` or `rclone sync`.',
  )
}
