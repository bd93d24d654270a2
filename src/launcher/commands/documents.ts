/**
 * `myfsio documents export|import [FOLDER]`: users, bucket policies and keys of nodes as files, to be edited by hand.
 */
import { resolve } from 'node:path'
import { exportDocuments, importDocuments } from '#app/nodes/document-files.ts'
import { isShared } from '#app/open-index.ts'
import type { AppConfig } from '#config/config.ts'
import { StartError } from '#launcher/protocol.ts'

export interface DocumentsArguments {
  readonly verb: string
  readonly folder: string
  readonly isForced: boolean
  /** The flags of settings. */
  readonly rest: readonly string[]
}

const defaultFolder = 'myfsio-documents'
const force = '--force'

export function parseDocumentsArguments(argv: readonly string[]): DocumentsArguments {
  const [verb = '', ...others] = argv
  const words = others.filter((argument) => argument !== force)
  const [first] = words
  const hasFolder = first !== undefined && !first.startsWith('--')
  return {
    verb,
    folder: hasFolder ? first : defaultFolder,
    isForced: others.includes(force),
    rest: hasFolder ? words.slice(1) : words,
  }
}

/** What was done, as sentences. StartError. */
export async function documents(config: AppConfig, { verb, folder, isForced }: DocumentsArguments): Promise<string> {
  if (verb !== 'export' && verb !== 'import') {
    throw new StartError('Say what to do: myfsio documents export|import [FOLDER] [--force].')
  }
  if (!isShared(config)) {
    const { iamPath, bucketPolicyPath } = config
    throw new StartError(
      `Without METADATA_URL the documents are files, which can be edited in place: ${iamPath}, ${bucketPolicyPath}.`,
    )
  }
  const path = resolve(folder)
  try {
    return verb === 'export' ? await sayExport(config, path) : await sayImport(config, path, isForced)
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw new StartError(error.message)
    throw error
  }
}

async function sayExport(config: AppConfig, folder: string): Promise<string> {
  const paths = await exportDocuments(config, folder)
  if (paths.length === 0) throw new StartError('The index has no documents yet: no node has started.')
  return [...paths, `They hold secrets. Edit them, and put them in force: myfsio documents import ${folder}`].join('\n')
}

async function sayImport(config: AppConfig, folder: string, isForced: boolean): Promise<string> {
  const changed = await importDocuments(config, { folder, isForced })
  if (changed.length === 0) return 'The files are what the index has: nothing was changed.'
  return `In force on all nodes within a second: ${changed.join(', ')}.`
}
