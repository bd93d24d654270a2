/** AWS's percent-encoding: RFC 3986, upper-case hex, only unreserved characters kept. */

/**
 * Strict: URIError for a malformed escape or invalid UTF-8. Raw bytes, which node:http gives as Latin-1, count as UTF-8
 * too.
 */
export function percentDecode(text: string): string {
  if (!needsDecoding.test(text)) return text
  const raw = /[\u0080-\u00ff]/.test(text) ? decodeLatin1(text) : text
  return raw.includes('%') ? decodeURIComponent(raw) : raw
}

const needsDecoding = /[%\u0080-\u00ff]/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeLatin1(text: string): string {
  try {
    return utf8.decode(Buffer.from(text, 'latin1'))
  } catch {
    throw new URIError('The bytes are not UTF-8')
  }
}

/** Like percentDecode, for names and values of a query: `+` is a space. */
export function queryDecode(text: string): string {
  return percentDecode(text.includes('+') ? text.replaceAll('+', ' ') : text)
}

/** Like percentDecode, for the path of a request: S3 reads `+` there as a space too, and only `%2B` as a plus. */
export const pathDecode = queryDecode

/** Path and query of a target, without the `?`. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf('?')
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

/** The parameters of a query, names and values decoded; a bare name has no value. URIError if one does not decode. */
export function queryPairs(query: string): [name: string, value: string | undefined][] {
  const pairs: [string, string | undefined][] = []
  for (const piece of query.split('&')) {
    if (piece === '') continue
    const equals = piece.indexOf('=')
    if (equals < 0) pairs.push([queryDecode(piece), undefined])
    else pairs.push([queryDecode(piece.slice(0, equals)), queryDecode(piece.slice(equals + 1))])
  }
  return pairs
}

/** UriEncode() of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
export function awsEncode(text: string, options: { readonly keepSlash?: boolean } = {}): string {
  if (/^[A-Za-z0-9._~-]*$/.test(text)) return text
  const encoded = encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return options.keepSlash === true ? encoded.replaceAll('%2F', '/') : encoded
}
