/** Compares annotations with the record of their version, for fsck. */
import { transact } from '#metadata/transact.ts'
import { encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import type { AnnotationSet } from '#model/object/annotation-set.ts'
import { findStored } from '#store/changes/change-version.ts'
import type { StoreContext } from '#store/context.ts'
import { listAnnotations } from './annotations.ts'
import { readKept } from './kept-annotation.ts'

type Sums = Omit<AnnotationSet, 'id'>

/** The existing annotations, and the names of those with missing or wrong bytes. */
export async function compareAnnotations(
  context: StoreContext,
  version: StoredVersion,
): Promise<{ readonly sums: Sums; readonly damaged: readonly string[] }> {
  const damaged: string[] = []
  let sums: Sums = { count: 0, sizeBytes: 0 }
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page = await listAnnotations(context, version, { prefix: '', after, limit: 100 })
    for (const { name, sizeBytes } of page.annotations) {
      sums = { count: sums.count + 1, sizeBytes: sums.sizeBytes + sizeBytes }
      if (!(await isWhole(context, version, name))) damaged.push(name)
    }
    after = page.next
  }
  return { sums, damaged }
}

async function isWhole(context: StoreContext, version: StoredVersion, name: string): Promise<boolean> {
  try {
    await readKept(context, version, name)
    return true
  } catch (error) {
    if (error instanceof ApiError) return false
    throw error
  }
}

/** Returns the repair that was made. */
export async function correctAnnotations(
  { engine }: Pick<StoreContext, 'engine'>,
  bucket: string,
  version: StoredVersion,
  sums: Sums,
): Promise<string> {
  await transact(engine, async (transaction) => {
    const found = await findStored(transaction, bucket, version)
    if (found?.stored.annotations === undefined) return
    const { annotations, ...rest } = found.stored
    const corrected = sums.count === 0 ? rest : { ...rest, annotations: { id: annotations.id, ...sums } }
    transaction.put(found.row, encodeVersion(corrected))
  })
  return 'Its record was corrected.'
}
