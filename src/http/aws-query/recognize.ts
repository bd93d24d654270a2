/**
 * Whether a request is for IAM or STS, which share the port and the path `/` with S3. Called for every request, so it
 * must be fast.
 */
import type { IncomingMessage } from 'node:http'

const signedScope = /\/(iam|sts)\/aws4_request/
const versions: ReadonlySet<string> = new Set(['2010-05-08', '2011-06-15'])

/**
 * Decides by the scope of the signature. Without one, a request at `/` is recognized by Action and Version in the
 * query, or as a POST of a form or with an Action, since S3 has no POST at `/`.
 */
export function isQueryRequest({
  method,
  url = '',
  headers,
}: Pick<IncomingMessage, 'method' | 'url' | 'headers'>): boolean {
  const { authorization } = headers
  if (authorization !== undefined && signedScope.test(authorization)) return true
  if (url !== '/' && !url.startsWith('/?')) return false
  const params = url.length > 2 ? new URLSearchParams(url.slice(2)) : undefined
  if (authorization === undefined && signedScope.test(params?.get('X-Amz-Credential') ?? '')) return true
  const isPost = method === 'POST'
  if (isPost && /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')) return true
  if (params === undefined || (!isPost && (method !== 'GET' || authorization !== undefined))) return false
  return params.has('Action') && (isPost || versions.has(params.get('Version') ?? ''))
}
