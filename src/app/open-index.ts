/** Opens the engines of the index and of the journal: on this machine, or in the database that nodes share. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { AppConfig } from '#config/config.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { openLmdbEngine } from '#metadata/lmdb/engine.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import type { PostgresOptions } from '#metadata/postgres/engine.ts'
import { openEngine } from './open-store.ts'

/** Journal rows are written all the time. Journal and objects must not wait for each other. */
const journalPoolSize = 2

export async function openJournalEngine({
  metadataEngine,
  metadataAddress,
  storageRoot,
}: AppConfig): Promise<MetadataEngine> {
  if (metadataAddress !== undefined) {
    return openShared({ address: metadataAddress, space: 'journal', poolSize: journalPoolSize })
  }
  if (metadataEngine === 'memory') return openMemoryEngine()
  const path = join(storageRoot, '.myfsio.sys', 'journal')
  mkdirSync(path, { recursive: true })
  return openLmdbEngine({ path, flush: 'each', advice: 'This folder may be deleted while no server uses it.' })
}

/** Whether several nodes may share the index. */
export const isShared = ({ metadataAddress }: Pick<AppConfig, 'metadataAddress'>): boolean =>
  metadataAddress !== undefined

export async function openIndex({
  metadataEngine,
  metadataAddress,
  storageRoot,
  durability,
}: AppConfig): Promise<MetadataEngine> {
  if (metadataAddress !== undefined) {
    return openShared({ address: metadataAddress, space: 'index', isFlushed: durability === 'strict' })
  }
  return openEngine({ root: storageRoot, durability, engine: metadataEngine })
}

/** A server with its own index does not load the database client. */
async function openShared(options: PostgresOptions): Promise<MetadataEngine> {
  const { openPostgresEngine } = await import('#metadata/postgres/engine.ts')
  return openPostgresEngine(options)
}
