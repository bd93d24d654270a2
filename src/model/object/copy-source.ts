/** `x-amz-copy-source`: the only place that decodes it, for policies and for the copy. */
import { queryDecode } from '#lib/text/uri.ts'

export interface NamedSource {
  /** `bucket/key`, decoded. */
  readonly path: string
  readonly versionId: string | undefined
}

/** The header is encoded like a query, where `+` is a space. URIError if it does not decode. */
export function decodeCopySource(header: string): NamedSource {
  const [encodedPath = '', versionId] = header.split(/\?versionId=/, 2)
  return { path: queryDecode(encodedPath).replace(/^\//, ''), versionId }
}
