/** The selection as one zip, written while it is read: nothing is compressed, and memory does not grow. */
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { folderOf, nameOf } from '#console/objects/folder/folder.ts'
import { attachment, untrusted } from '#console/objects/object/content.ts'
import type { ConsoleServices, Page, Visit } from '#console/page.ts'
import { writeZip, type ZipEntry } from '#lib/files/zip.ts'
import { ApiError } from '#model/errors.ts'
import { openObject } from '#objects/versions/open-object.ts'
import type { OpenObject, Store } from '#store/contract.ts'
import { authorizeWalk, nameFor, readSources, type Source, walkSources } from './selection.ts'

export const downloadZip: Page = async (visit, services) => {
  const sources = await readSources(visit)
  // Checked before the first byte: afterwards nothing can be refused.
  for (const source of sources) authorizeWalk(visit, source)
  const base = folderOf(visit.form.get('back'))
  const name = `${base === '' ? visit.bucket.name : nameOf(base).replace('/', '')}.zip`
  return {
    content: Readable.from(writeZip(readEntries(visit, services, sources, base)), { objectMode: false }),
    headers: { ...untrusted, 'content-type': 'application/zip', 'content-disposition': attachment(name) },
  }
}

/** The maximum of missing objects that are listed. */
const missingMax = 10_000

/** Objects that the visitor may not read, or that are deleted meanwhile, are listed in a file of the zip. */
async function* readEntries(
  visit: Visit,
  services: ConsoleServices,
  sources: readonly Source[],
  base: string,
): AsyncGenerator<ZipEntry> {
  const { store } = services
  const missing: string[] = []
  let missingCount = 0
  const names = new Set<string>()
  for await (const { key } of walkSources(visit, store, sources)) {
    if (key.endsWith('/')) continue
    // Small objects are read without waiting, so other requests get a turn here.
    await setImmediate()
    const opened = await openReadable(visit, store, key)
    if (opened instanceof Error) {
      if (missingCount++ < missingMax) missing.push(`${nameFor(visit, services, sources, key)}: ${reasonOf(opened)}`)
      continue
    }
    const { sizeBytes, modifiedAtMs } = opened.version
    const content = opened.content(0, sizeBytes)
    try {
      const path = entryName(key.slice(base.length), names)
      yield { path, modifiedAtMs, sizeBytes, content: Buffer.isBuffer(content) ? content : content.pieces() }
    } finally {
      if (!Buffer.isBuffer(content)) content.close()
    }
  }
  if (missingCount === 0) return
  if (missingCount > missingMax) missing.push(`and ${missingCount - missingMax} more`)
  const content = Buffer.from(`${missing.join('\n')}\n`)
  const path = entryName('NOT-INCLUDED.txt', names)
  yield { path, modifiedAtMs: services.clock.nowMs(), sizeBytes: content.length, content }
}

/** Messages of denials name the object. */
const reasonOf = (error: Error): string =>
  error instanceof ApiError && error.code === 'AccessDenied' ? 'Access Denied' : error.message

/** The object, or the reason why it cannot be read. Bugs are thrown. */
async function openReadable(
  { authorizeObject, actor, bucket }: Visit,
  store: Store,
  key: string,
): Promise<OpenObject | Error> {
  try {
    await authorizeObject('s3:GetObject', { bucket, key })
    return await openObject(store, actor, { bucket, key })
  } catch (error) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error
    throw error
  }
}

/** A unique path that unpacks inside the target folder, whatever the key. */
function entryName(path: string, names: Set<string>): string {
  const safe = path
    .replaceAll('\\', '_')
    .split('/')
    .map((segment) => (/^\.{0,2}$/.test(segment) ? '_' : segment))
    .join('/')
  let name = safe
  for (let copy = 2; names.has(name); copy++) name = `${safe} (${copy})`
  // Above this number names are not checked: only names that were changed could repeat.
  if (names.size < 100_000) names.add(name)
  return name
}
