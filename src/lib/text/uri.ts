/** Percent-encoding as AWS has it: RFC 3986, upper-case hex, only unreserved characters kept. */

/** Strict: URIError for a malformed escape or one that is no UTF-8. Raw bytes, as node:http leaves them, are UTF-8 too. */
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
    throw new URIError('The bytes are no UTF-8')
  }
}

/** As percentDecode, for names and values of a query: `+` is a space. */
export function queryDecode(text: string): string {
  return percentDecode(text.includes('+') ? text.replaceAll('+', ' ') : text)
}

/** As percentDecode, for the path of a request: S3 takes a `+` there for a space too, and only `%2B` for a plus. */
export const pathDecode = queryDecode

/** The parameters of a query, names and values decoded; a bare name has no value. URIError for what does not decode. */
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

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, UriEncode(). */
export function awsEncode(text: string, options: { readonly keepSlash?: boolean } = {}): string {
  if (/^[A-Za-z0-9._~-]*$/.test(text)) return text
  const encoded = encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return options.keepSlash === true ? encoded.replaceAll('%2F', '/') : encoded
}
