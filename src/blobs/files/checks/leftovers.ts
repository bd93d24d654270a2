/**
 * Files that no record names: left by deleted versions, ended uploads or interrupted writes. The names are collected
 * before the rows are read: a file that is written meanwhile has its row before it has its name here.
 */
import { opendir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Leftover } from '#blobs/contract/inspection.ts'
import type { FilesContext } from '#blobs/files/context.ts'
import { namedFiles } from '#blobs/files/pending/named-files.ts'
import type { Layout } from '#blobs/files/place/layout.ts'
import { isStagingInUse } from '#blobs/files/staging/staging-folder.ts'
import { hasCode } from '#lib/system/error-code.ts'
import { batches, forgetNamed } from '#metadata/named-blobs.ts'
import { eachRow, rowParts, rowsOf } from '#metadata/tables.ts'

type LeftFile = Pick<Leftover, 'path' | 'what'>

/** The most names in memory at once. The rows are read once for each batch. */
const batchMax = 100_000

export async function* findLeftovers(context: FilesContext): AsyncGenerator<LeftFile> {
  yield* leftUploads(context)
  yield* leftStaged(context)
  for await (const batch of batches(versionFiles(context.layout), batchMax)) {
    const named = await namedFiles(context.engine)
    const unnamed = new Map<string, string[]>()
    for (const { id, path } of batch) if (!named.has(id)) unnamed.set(id, [...(unnamed.get(id) ?? []), path])
    // Two passes: the first may miss a version that becomes current, or stops being current, while the rows are read.
    for (let pass = 0; pass < 2 && unnamed.size > 0; pass++) await forgetNamed(context.engine, unnamed)
    for (const path of [...unnamed.values()].flat()) yield { path, what: 'version' }
  }
}

async function* leftUploads({ engine, layout }: FilesContext): AsyncGenerator<LeftFile> {
  const folders = new Set(await readdir(layout.system('uploads')))
  if (folders.size === 0) return
  for await (const { key } of eachRow(engine, rowsOf('u'))) folders.delete(rowParts(key)[2] ?? '')
  const named = await namedFiles(engine)
  for (const id of folders) if (!named.has(id)) yield { path: layout.upload(id), what: 'upload' }
}

async function* leftStaged({ layout, engine }: FilesContext): AsyncGenerator<LeftFile> {
  const owners = await readdir(layout.system('staging'))
  const abandoned = owners.filter((owner) => !isStagingInUse(layout, owner))
  if (abandoned.length === 0) return
  const named = await namedFiles(engine)
  for (const owner of abandoned) {
    const path = layout.stagingFolder(owner)
    const names = await readdir(path).catch(() => undefined)
    // A file instead of a folder, which the server does not create here.
    if (names === undefined) yield { path, what: 'staged' }
    for (const name of names ?? []) {
      if (!named.has(name.replace(/\.taken$/, ''))) yield { path: join(path, name), what: 'staged' }
    }
  }
}

/** All files that are kept aside for versions: `<versions or opaque>/<bucket>/<two digits>/<file id>`. */
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
    // A folder is removed together with its last file.
    if (!hasCode(error, 'ENOENT')) throw error
  }
}
