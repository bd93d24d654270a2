/** Whether a request is one to IAM or STS: they live on the same port as S3, at `/`. Asked of every request, so it must cost little. */
import type { IncomingMessage } from 'node:http'

const signedScope = /\/(iam|sts)\/aws4_request/
const presignedScope = /[?&]X-Amz-Credential=[^&]*(%2F|\/)(iam|sts)(%2F|\/)aws4_request/i
const versions: ReadonlySet<string> = new Set(['2010-05-08', '2011-06-15'])

/**
 * By the scope of its signature; else at `/` by Action and Version in the query; else by a POST of a form, or with an Action in its
 * query: S3 has no POST at `/`.
 */
export function isQueryRequest({ method, url = '', headers }: IncomingMessage): boolean {
  const { authorization } = headers
  if (authorization !== undefined && signedScope.test(authorization)) return true
  if (url !== '/' && !url.startsWith('/?')) return false
  if (authorization === undefined && presignedScope.test(url)) return true
  const isPost = method === 'POST'
  if (isPost && /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')) return true
  if (url === '/' || (!isPost && (method !== 'GET' || authorization !== undefined))) return false
  const params = new URLSearchParams(url.slice(2))
  return params.has('Action') && (isPost || versions.has(params.get('Version') ?? ''))
}
