/** Whether a request is one to IAM or STS: they live on the same port as S3, at `/`. */
import type { IncomingMessage } from 'node:http'

const versions: Readonly<Record<string, string>> = { iam: '2010-05-08', sts: '2011-06-15' }

/**
 * By the scope of its signature; else by Action and Version in the query; else, as those that need no signature, by a form posted to
 * `/`, which S3 has no use for.
 */
export function isQueryRequest({ method, url = '', headers }: IncomingMessage): boolean {
  const [path, query = ''] = splitOnce(url, '?')
  const scoped = /\/(iam|sts|s3)\/aws4_request/.exec(headers.authorization ?? '')?.[1] ?? scopeIn(query)
  if (scoped !== undefined) return scoped !== 's3'
  if (path !== '/' || headers.authorization !== undefined) return false
  if (method === 'POST') return /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')
  if (method !== 'GET' || !query.includes('Action=')) return false
  const params = new URLSearchParams(query)
  return params.has('Action') && Object.values(versions).includes(params.get('Version') ?? '')
}

function scopeIn(query: string): string | undefined {
  if (!query.includes('X-Amz-Credential=')) return undefined
  return /\/(iam|sts|s3)\/aws4_request$/.exec(new URLSearchParams(query).get('X-Amz-Credential') ?? '')?.[1]
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
