/** One page of a folder: its content, and on request deleted objects that can be restored. */
import type { Store } from '#store/contract.ts'

export interface FolderQuery {
  readonly bucket: string
  readonly prefix: string
  readonly limit: number
  readonly after: string
  readonly withDeleted: boolean
}

export interface FolderEntry {
  readonly key: string
  readonly sizeBytes: number
  readonly modifiedAtMs: number
  readonly isDeleted: boolean
}

export interface FolderPage {
  readonly folders: readonly string[]
  readonly entries: readonly FolderEntry[]
  readonly next: string | undefined
}

/** A page of versions may hold many versions of one key, and so show one row or none. */
const pagesReadMax = 20

export async function readFolder(store: Store, query: FolderQuery): Promise<FolderPage> {
  const { withDeleted, ...rest } = query
  if (withDeleted) return readWithDeleted(store, query)
  const page = await store.listObjects({ ...rest, delimiter: '/' })
  const entries = page.objects.map(({ key, sizeBytes, modifiedAtMs }) => ({
    key,
    sizeBytes,
    modifiedAtMs,
    isDeleted: false,
  }))
  return { folders: page.commonPrefixes, entries, next: page.next }
}

async function readWithDeleted(store: Store, { bucket, prefix, limit, after }: FolderQuery): Promise<FolderPage> {
  const folders: string[] = []
  const entries: FolderEntry[] = []
  let next: string | undefined = after
  for (let read = 0; read < pagesReadMax && next !== undefined && folders.length + entries.length === 0; read++) {
    const query = { bucket, prefix, delimiter: '/', limit }
    const page = await store.listVersions({ ...query, keyMarker: next, versionIdMarker: undefined })
    folders.push(...page.commonPrefixes)
    for (const { version, isLatest } of page.versions) {
      const { key, sizeBytes, modifiedAtMs, isDeleteMarker } = version
      if (isLatest) entries.push({ key, sizeBytes, modifiedAtMs, isDeleted: isDeleteMarker })
    }
    next = page.next?.key
  }
  return { folders, entries, next }
}
