import { existsSync, readdirSync } from 'node:fs'
import type { Layout } from '#blobs/files/place/layout.ts'
import { isStagingInUse } from './staging-folder.ts'

/** Thrown if a server has the folder open. */
export class FolderInUse extends Error {}

/** FolderInUse if a server has the folder open. `command`: what needs the folder. */
export function assertUnused(layout: Layout, command: string): void {
  const staging = layout.system('staging')
  const isInUse = existsSync(staging) && readdirSync(staging).some((owner) => isStagingInUse(layout, owner))
  if (isInUse)
    throw new FolderInUse(`A server uses ${layout.root}. Stop it first: ${command} needs the folder for itself.`)
}
