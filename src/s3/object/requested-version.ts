import { assertVersionId } from '#model/object.ts'

/** The version id in the query; undefined: the current version. InvalidArgument for one that can be none. */
export function requestedVersion({ query }: { readonly query: ReadonlyMap<string, string> }): string | undefined {
  const versionId = query.get('versionId')
  if (versionId !== undefined) assertVersionId(versionId)
  return versionId
}
