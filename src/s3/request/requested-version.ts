import { assertVersionId } from '#model/object/object.ts'

/** The version id in the query. Undefined means the current version. InvalidArgument for an invalid one. */
export function requestedVersion({ query }: { readonly query: ReadonlyMap<string, string> }): string | undefined {
  const versionId = query.get('versionId')
  if (versionId !== undefined) assertVersionId(versionId)
  return versionId
}
