import { existsSync, readdirSync } from 'node:fs'
import type { Layout } from '#blobs/files/place/layout.ts'
import { isStagingInUse } from './staging-folder.ts'

/** A server has the folder open. */
export class FolderInUse extends Error {}

export function isFolderInUse(layout: Layout): boolean {
  const staging = layout.system('staging')
  return existsSync(staging) && readdirSync(staging).some((owner) => isStagingInUse(layout, owner))
}

/** FolderInUse. */
export function assertUnused(layout: Layout): void {
  if (!isFolderInUse(layout)) return
  throw new FolderInUse(`A server uses ${layout.root}. Stop it first: fsck needs the folder for itself.`)
}
