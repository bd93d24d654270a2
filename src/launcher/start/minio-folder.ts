/**
 * Refuses folders that MinIO has written: their objects are folders with a file `xl.meta`, which would appear as
 * objects.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AppConfig } from '#config/config.ts'
import { StartError } from '#launcher/protocol.ts'

/** StartError. MinIO's old format `fs` has plain files, which can be used. */
export function assertNotMinioFolder({ storageRoot }: Pick<AppConfig, 'storageRoot'>): void {
  const file = join(storageRoot, '.minio.sys', 'format.json')
  if (!existsSync(file) || /"format":\s*"fs"/.test(readFileSync(file, 'utf8'))) return
  throw new StartError(
    `${storageRoot} contains objects in MinIO's own format. Use an empty folder, and copy the objects from a running MinIO, ` +
      'as with `mc mirror` or `rclone sync`.',
  )
}
