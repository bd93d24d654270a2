/** Whether a request is one to IAM or STS: they live on the same port as S3, at `/`. Asked of every request, so it must cost little. */
import type { IncomingMessage } from 'node:http'

const signedScope = /\/(iam|sts)\/aws4_request/
const presignedScope = /[?&]X-Amz-Credential=[^&]*(%2F|\/)(iam|sts)(%2F|\/)aws4_request/i
const versions: ReadonlySet<string> = new Set(['2010-05-08', '2011-06-15'])

/**
 * By the scope of its signature; else by Action and Version in the query; else, as those that need no signature, by a form posted to
 * `/`, which S3 has no use for.
 */
export function isQueryRequest({
  method,
  url = '',
  headers,
}: Pick<IncomingMessage, 'method' | 'url' | 'headers'>): boolean {
  const { authorization } = headers
  if (authorization !== undefined) return signedScope.test(authorization)
  if (url !== '/' && !url.startsWith('/?')) return false
  if (presignedScope.test(url)) return true
  if (method === 'POST') return /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')
  if (method !== 'GET' || !url.includes('Action=')) return false
  const params = new URLSearchParams(url.slice(2))
  return params.has('Action') && versions.has(params.get('Version') ?? '')
}
