import { ApiError } from '#model/errors.ts'

/** The version id in the query; undefined: the current version. */
export function requestedVersion({ query }: { readonly query: ReadonlyMap<string, string> }): string | undefined {
  const versionId = query.get('versionId')
  if (versionId === undefined) return undefined
  if (versionId === '') {
    throw new ApiError('InvalidArgument', {
      message: 'Version id cannot be the empty string',
      fields: { ArgumentName: 'versionId', ArgumentValue: '' },
    })
  }
  return versionId
}
