/**
 * Files and rows that no record names: of deleted versions, of ended uploads, of writes that never were. Names are gathered first and the
 * rows read after: what is written meanwhile has its row before its file has its name here.
 */
import { opendir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '#blobs/files/io/file-operations.ts'
import type { Layout } from '#blobs/files/place/layout.ts'
import { isStagingInUse } from '#blobs/files/staging/staging-folder.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { eachRow, rowKey, rowParts, rowsOf } from '#metadata/tables.ts'
import { decodeVersion } from '#metadata/version-codec.ts'
import type { StoreContext } from '#store/context.ts'

export interface Leftover {
  /** A file or a folder. */
  readonly path: string
  readonly what: 'version' | 'upload' | 'staged'
}

/** So many names are remembered at once; the rows are read once for each batch. */
const batchMax = 100_000

export async function* findLeftovers(context: StoreContext): AsyncGenerator<Leftover> {
  yield* leftUploads(context)
  yield* leftStaged(context)
  for await (const batch of batches(versionFiles(context.layout), batchMax)) {
    const named = await context.settler.namedFiles()
    const unnamed = new Map<string, string[]>()
    for (const { id, path } of batch) if (!named.has(id)) unnamed.set(id, [...(unnamed.get(id) ?? []), path])
    // A version that becomes current, or ceases to be, while the rows are read may be passed by once.
    for (let pass = 0; pass < 2 && unnamed.size > 0; pass++) await forgetNamed(context.engine, unnamed)
    for (const path of [...unnamed.values()].flat()) yield { path, what: 'version' }
  }
}

async function* leftUploads({ engine, layout, settler }: StoreContext): AsyncGenerator<Leftover> {
  const folders = new Set(await readdir(layout.system('uploads')))
  if (folders.size === 0) return
  for await (const { key } of eachRow(engine, rowsOf('u'))) folders.delete(rowParts(key)[2] ?? '')
  const named = await settler.namedFiles()
  for (const id of folders) if (!named.has(id)) yield { path: layout.upload(id), what: 'upload' }
}

async function* leftStaged({ layout, settler }: StoreContext): AsyncGenerator<Leftover> {
  const owners = await readdir(layout.system('staging'))
  const abandoned = owners.filter((owner) => !isStagingInUse(layout, owner))
  if (abandoned.length === 0) return
  const named = await settler.namedFiles()
  for (const owner of abandoned) {
    const path = layout.stagingFolder(owner)
    const names = await readdir(path).catch(() => undefined)
    // A file, which no server makes here.
    if (names === undefined) yield { path, what: 'staged' }
    for (const name of names ?? []) {
      if (!named.has(name.replace(/\.taken$/, ''))) yield { path: join(path, name), what: 'staged' }
    }
  }
}

/** Rows of the parts of objects that are no more. */
export async function* findDanglingRows(engine: MetadataEngine): AsyncGenerator<Uint8Array> {
  for await (const batch of batches(eachRow(engine, rowsOf('m')), batchMax)) {
    const unnamed = new Map(batch.map(({ key }) => [rowParts(key)[0] ?? '', key]))
    await forgetNamed(engine, unnamed)
    yield* unnamed.values()
  }
  const uploads = new Set<string>()
  for await (const { key } of eachRow(engine, rowsOf('u'))) uploads.add(rowParts(key)[2] ?? '')
  for (const table of ['p', 's'] as const) {
    for await (const { key } of eachRow(engine, rowsOf(table))) if (!uploads.has(rowParts(key)[0] ?? '')) yield key
  }
  for await (const { key, value } of eachRow(engine, rowsOf('n'))) {
    const [bucket = '', name = ''] = rowParts(key)
    const order = Buffer.from(value).toString()
    if ((await engine.get(rowKey('v', bucket, name, order))) === undefined) yield key
  }
}

async function forgetNamed(engine: MetadataEngine, unnamed: Map<string, unknown>): Promise<void> {
  for (const table of ['o', 'v'] as const) {
    for await (const { key, value } of eachRow(engine, rowsOf(table))) {
      unnamed.delete(decodeVersion(rowParts(key)[1] ?? '', value).fileId)
      if (unnamed.size === 0) return
    }
  }
}

/** Every file that is kept aside for a version: `<versions or opaque>/<bucket>/<two digits>/<file id>`. */
async function* versionFiles(layout: Layout): AsyncGenerator<{ id: string; path: string }> {
  for (const folder of ['versions', 'opaque']) {
    for await (const entry of filesBelow(layout.system(folder))) yield { id: entry.name, path: entry.path }
  }
}

async function* filesBelow(folder: string): AsyncGenerator<{ name: string; path: string }> {
  try {
    for await (const entry of await opendir(folder)) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) yield* filesBelow(path)
      else yield { name: entry.name, path }
    }
  } catch (error) {
    // An empty folder is removed with its last file.
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

async function* batches<T>(items: AsyncIterable<T>, max: number): AsyncGenerator<T[]> {
  let batch: T[] = []
  for await (const item of items) {
    if (batch.push(item) < max) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
