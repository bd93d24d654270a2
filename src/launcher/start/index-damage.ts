/**
 * Whether the server's indexes can be read, and what to do if one cannot. A process that opens a damaged index is ended
 * by the system: the launcher checks before it starts children, and a program that starts the server in its own process
 * checks before it opens one.
 */
import { join } from 'node:path'
import type { AppConfig } from '#config/config.ts'
import { StartError } from '#launcher/protocol.ts'
import { ownCommand } from '#lib/program/package-root.ts'
import { findDamage, isSuspect } from '#metadata/lmdb/probe.ts'

const indexes = [
  {
    folder: 'index',
    remedy: `Restore the folder from a backup, or rebuild it from the files of the buckets: ${ownCommand} fsck --rebuild`,
  },
  {
    folder: 'journal',
    remedy: 'It contains only records of requests and decisions: remove the folder, and start again.',
  },
]

/**
 * Call before anything opens the indexes. StartError if one is damaged. Only an index that looks wrong is read, so it
 * is quick.
 */
export async function assertIndexesUsable(config: AppConfig): Promise<void> {
  const damage = await findIndexDamage(config, isSuspect)
  if (damage !== undefined) throw new StartError(damage)
}

/** A sentence for the person who starts the server; undefined if all indexes can be read. */
export async function findIndexDamage(
  { storageRoot, metadataEngine, metadataAddress }: AppConfig,
  isDue: (folder: string) => boolean = () => true,
): Promise<string | undefined> {
  // With METADATA_URL, what is in the folder is of an earlier time.
  if (metadataEngine !== 'lmdb' || metadataAddress !== undefined) return undefined
  for (const { folder, remedy } of indexes) {
    const path = join(storageRoot, '.myfsio.sys', folder)
    const damage = isDue(path) ? await findDamage(path) : undefined
    if (damage !== undefined) return `The index ${join(path, 'data.mdb')} is damaged: ${damage}. ${remedy}`
  }
  return undefined
}
