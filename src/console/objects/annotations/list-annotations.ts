/** The annotations of a version, as its page lists them. */
import type { ConsoleServices, Visit } from '#console/page.ts'
import type { Annotation } from '#model/object/annotation.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import { annotationAction } from '#objects/versions/annotate-object.ts'

export interface AnnotationFacts {
  readonly shown: readonly Annotation[]
  readonly count: number
  readonly mayPut: boolean
  /** Objects with a customer key have none. */
  readonly isPossible: boolean
}

const shownMax = 100

/** Undefined for visitors who may not list them. */
export async function annotationsOf(
  { bucket, key, versionId, may }: Visit,
  { store }: ConsoleServices,
  version: ObjectVersion,
): Promise<AnnotationFacts | undefined> {
  const resource = { bucket, key, object: version }
  const listing = versionId === undefined ? 's3:ListObjectAnnotations' : 's3:ListObjectVersionAnnotations'
  if (!may(listing, resource)) return undefined
  const { annotations } = await store.listAnnotations(version, { prefix: '', after: '', limit: shownMax })
  return {
    shown: annotations,
    count: version.annotations?.count ?? 0,
    mayPut: may(annotationAction('Put', versionId), resource),
    isPossible: version.encryption?.method !== 'SSE-C',
  }
}
