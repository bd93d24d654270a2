/**
 * Where documents are kept: in files, or in rows of the index that nodes share. There a request waits for the newest
 * state if this process may not have it.
 */
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { claimedKey } from '#access/caller/claimed-key.ts'
import { isShared } from '#app/open-index.ts'
import type { AppConfig } from '#config/config.ts'
import { DocumentRows } from '#documents/document-rows.ts'
import type { Identities } from '#identity/identities.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { ApiError } from '#model/errors.ts'

/** The last known state stays in force for this time while the index is unavailable. */
export const unseenMaxMs = 10_000

/**
 * Runs before a request is served. Resolves with the reason if it cannot be served. `isAboutDocuments`: the request
 * reads or changes users, policies or keys, and must see what any node has answered before.
 */
export type Freshen = (
  request: IncomingMessage,
  isAboutDocuments: (request: IncomingMessage) => boolean,
) => Promise<ApiError | undefined> | undefined

export function openDocumentRows(
  config: Pick<AppConfig, 'metadataAddress' | 'storageRoot'>,
  engine: MetadataEngine,
  { clock, log }: { readonly clock: Clock; readonly log: LevelLog },
): DocumentRows | undefined {
  if (!isShared(config)) return undefined
  return new DocumentRows({ engine, clock, log, noticePath: noticePathOf(config) })
}

/** Each process of this machine replaces this file when it has changed a document. */
export const noticePathOf = ({ storageRoot }: Pick<AppConfig, 'storageRoot'>): string =>
  join(storageRoot, '.myfsio.sys', 'config', 'documents.changed')

/** Undefined: documents are files. Their stamps are compared on each read. */
export function createFreshen(rows: DocumentRows | undefined, identities: Identities): Freshen | undefined {
  if (rows === undefined) return undefined
  return (request, isAboutDocuments) => {
    if (rows.unseenMs > unseenMaxMs) return refusalWhileUnseen(rows)
    const isUnsure = isAboutDocuments(request) || rows.isBehind || isUnknownKey(identities, request)
    return isUnsure ? refreshWithin(rows).then(() => undefined) : undefined
  }
}

/** Every visit of the console reads the stamps: it may follow a change on another node. */
export const createConsoleFreshen =
  (rows: DocumentRows | undefined): (() => Promise<ApiError | undefined> | undefined) =>
  () =>
    rows && refusalWhileUnseen(rows)

async function refusalWhileUnseen(rows: DocumentRows): Promise<ApiError | undefined> {
  await refreshWithin(rows)
  if (rows.unseenMs <= unseenMaxMs) return undefined
  const message = 'The index of users and policies cannot be reached. Please try again.'
  return new ApiError('ServiceUnavailable', { message, headers: { 'retry-after': '5' } })
}

/** The engine itself retries for longer, while a database restarts. */
const refreshMaxMs = 2000

/** Never rejects. */
export async function refreshWithin(rows: DocumentRows): Promise<void> {
  const waited = new AbortController()
  const look = rows.refresh().catch(() => undefined)
  await Promise.race([look, sleep(rows.clock, refreshMaxMs, waited.signal)])
  waited.abort()
}

/** An unknown key or role may be new: another node may have created it just now. */
function isUnknownKey(
  identities: Identities,
  { method = '', url = '/', headers, rawHeaders }: IncomingMessage,
): boolean {
  const claimed = claimedKey({ method, target: url, headers, rawHeaders })
  if (claimed === undefined) return false
  try {
    identities.identify(claimed.accessKeyId, claimed.sessionToken)
    return false
  } catch {
    return true
  }
}
