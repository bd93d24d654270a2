/** Annotations of a version, if the source has any. */
import { isRefusal } from '#migrate/source/source.ts'
import type { ImportedAnnotation } from '#store/annotations/contract.ts'
import type { ImportContext } from './context.ts'
import type { Task } from './new-object.ts'

const withoutAnnotations = new WeakSet<object>()

export async function annotationsOf(
  { source, report, without }: ImportContext,
  { from, version }: Task,
): Promise<AsyncIterable<ImportedAnnotation> | undefined> {
  if (withoutAnnotations.has(source) || without.has('annotations')) return undefined
  const annotations = await source.annotations(from, version)
  if (!isRefusal(annotations)) return annotations
  // Only AWS and this program support annotations. Other stores refuse the request, each in its own way.
  withoutAnnotations.add(source)
  if (annotations.reason.startsWith('AccessDenied')) report.note('annotations could not be read (AccessDenied)', from)
  return undefined
}
