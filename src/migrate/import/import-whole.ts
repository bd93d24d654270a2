/** Imports a version in one piece. */
import type { OpenSource } from '#migrate/source/source.ts'
import { ApiError } from '#model/errors.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import type { NewBody } from '#objects/writes/new-body.ts'
import { putObject } from '#objects/writes/put-object.ts'
import type { Staged } from '#store/contract.ts'
import { annotationsOf } from './annotations.ts'
import type { ImportContext } from './context.ts'
import { importedOf, newObjectOf, type Task } from './new-object.ts'
import { placeOf } from './report.ts'
import { conditionsOn } from './top-of-key.ts'

export async function importWhole(context: ImportContext, task: Task): Promise<void> {
  const { source, store, actor, report } = context
  const { bucket, from, version } = task
  const opened = await source.open(from, version)
  try {
    const object = await newObjectOf(context, task, opened.description)
    const conditions = await conditionsOn(store, bucket, version.key)
    const annotations = await annotationsOf(context, task)
    const body = bodyOf(opened)
    const put = { object, body, conditions, imported: importedOf(version), annotations }
    const written = await putObject(store, actor, put)
    if (written.etag === version.etag) return
    const isInParts = version.etag.includes('-')
    const why = isInParts
      ? 'the source does not tell its parts, or they are small'
      : 'that of the source is no MD5, or the key differs'
    report.note(`the ETag is another one, since ${why}`, placeOf(from, version))
  } finally {
    opened.body.destroy()
  }
}

/** The body is compared with the checksum of the source, if that covers all bytes. */
export function bodyOf({ description, sizeBytes, body: source }: OpenSource, algorithm?: ChecksumAlgorithm): NewBody {
  const { checksum } = description
  const isOfBytes = checksum?.type === 'FULL_OBJECT'
  const checksumAlgorithm = algorithm ?? (isOfBytes ? checksum.algorithm : undefined)
  return {
    sizeBytes,
    open: (algorithms) => ({ source, sizeBytes, maxBytes: sizeBytes, algorithms }),
    ...(checksumAlgorithm && { checksumAlgorithm }),
    verify(staged: Staged) {
      if (checksum === undefined || !isOfBytes) return
      const value = staged.digests.get(checksum.algorithm)?.toString('base64')
      if (value !== undefined && value !== checksum.value) throw new ApiError('BadDigest')
    },
  }
}
