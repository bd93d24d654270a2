/** Whether a request is one to IAM or STS: they live on the same port as S3, at `/`. Asked of every request, so it must cost little. */
import type { IncomingMessage } from 'node:http'

const signedScope = /\/(iam|sts)\/aws4_request/
const versions: ReadonlySet<string> = new Set(['2010-05-08', '2011-06-15'])

/**
 * By the scope of its signature; else by Action and Version in the query; else, as those that need no signature, by a form posted to
 * `/`, which S3 has no use for.
 */
export function isQueryRequest({ method, url = '', headers }: IncomingMessage): boolean {
  const { authorization } = headers
  if (authorization !== undefined) return signedScope.test(authorization)
  if (url !== '/' && !url.startsWith('/?')) return false
  const params = url.length > 2 ? new URLSearchParams(url.slice(2)) : undefined
  if (params !== undefined && signedScope.test(params.get('X-Amz-Credential') ?? '')) return true
  if (method === 'POST') return /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')
  if (method !== 'GET' || params === undefined) return false
  return params.has('Action') && versions.has(params.get('Version') ?? '')
}
