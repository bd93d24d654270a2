import fs from 'node:fs'
import type { FilesContext } from '#blobs/files/context.ts'
import { tryToRemoveFolder } from '#blobs/files/io/file-operations.ts'
import { namedFiles } from '#blobs/files/pending/named-files.ts'
import { eachRow, rowParts, rowsOf } from '#metadata/tables.ts'
import { removeAbandonedStaging } from './staging-folder.ts'

/**
 * Removes staged files and upload folders that no row names: their process ended before the commit. Names are listed
 * before the rows are read, and every folder is created after its row, so files and folders of running processes are
 * never removed.
 */
export async function removeAbandoned({ engine, layout, log }: FilesContext): Promise<void> {
  const folders = fs.readdirSync(layout.system('uploads'))
  const uploads = new Set<string>()
  for await (const { key } of eachRow(engine, rowsOf('u'))) uploads.add(rowParts(key)[2] ?? '')
  // A completion meanwhile has written a row that names its file.
  const named = await namedFiles(engine)
  removeAbandonedStaging(layout, (fileId) => named.has(fileId), log)
  for (const name of folders) if (!uploads.has(name) && !named.has(name)) await tryToRemoveFolder(layout.upload(name))
}
