/**
 * `myfsio where BUCKET KEY [VERSION-ID]`: prints the file that has the bytes of a version, and why it is not the key's
 * plain file.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { bytesUpstream, findBytes } from '#app/folder/find-bytes.ts'
import { isShared } from '#app/open-index.ts'
import { StartRefused } from '#blobs/contract/start-refused.ts'
import type { AppConfig } from '#config/config.ts'
import { StartError } from '#launcher/protocol.ts'
import { assertIndexOwn, assertStorageWritable } from '#launcher/start/storage-access.ts'
import { IndexUnreadable } from '#metadata/index-unreadable.ts'
import { describePlace } from '#store/reads/describe-place.ts'

export interface WhereArguments {
  /** Bucket, key, and optionally a version id. */
  readonly address: readonly string[]
  /** Flags that are settings. */
  readonly rest: readonly string[]
}

/** The first two words are bucket and key, even if they begin with a hyphen. */
export function parseWhereArguments(argv: readonly string[]): WhereArguments {
  const end = argv[2] === undefined || argv[2].startsWith('--') ? 2 : 3
  return { address: argv.slice(0, end), rest: argv.slice(end) }
}

/** StartError if there is no such version. */
export async function where(config: AppConfig, address: readonly string[]): Promise<string> {
  const [bucket, key, versionId] = address
  if (bucket === undefined || key === undefined) {
    throw new StartError('Bucket and key are missing: myfsio where BUCKET KEY [VERSION-ID].')
  }
  const { storageRoot: root, metadataEngine } = config
  if (metadataEngine === 'memory')
    throw new StartError('METADATA_ENGINE=memory keeps nothing on disk: there is nothing to look up.')
  if (isShared(config)) throw new StartError(bytesUpstream)
  if (!existsSync(join(root, '.myfsio.sys', 'index'))) throw new StartError(`No server has used ${root}.`)
  assertIndexOwn(config)
  assertStorageWritable(config)
  const found = await findBytes({ root, bucket, key, versionId }).catch((error: unknown) => {
    throw error instanceof IndexUnreadable || error instanceof StartRefused ? new StartError(error.message) : error
  })
  if (found === undefined) throw new StartError(`There is no such object: ${[bucket, key].join('/')}.`)
  const why = describePlace(found)
  return why === undefined ? found.path : `${found.path}\n${why}`
}
