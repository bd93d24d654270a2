/** Signs a request of our own to a service of AWS, in headers. */
import { hash } from 'node:crypto'
import { signingKey } from './signing-key.ts'

export interface SigningCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
}

export interface OwnRequest {
  readonly url: URL
  readonly service: string
  /** All headers of the request, except those that this adds. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly nowMs: number
}

/** The headers of a POST to the root of the service, with host, date and signature. */
export function signHeaders(
  { url, service, headers, body, nowMs }: OwnRequest,
  { accessKeyId, secretAccessKey, region }: SigningCredentials,
): Record<string, string> {
  const timestamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const date = timestamp.slice(0, 8)
  const scope = `${date}/${region}/${service}/aws4_request`
  const signed: Record<string, string> = { ...headers, host: url.host, 'x-amz-date': timestamp }
  const names = Object.keys(signed).sort()
  const lines = names.map((name) => `${name}:${signed[name]}\n`).join('')
  const list = names.join(';')
  const canonical = `POST\n/\n\n${lines}\n${list}\n${hash('sha256', body, 'hex')}`
  const toSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${hash('sha256', canonical, 'hex')}`
  const signature = signingKey(secretAccessKey, date, region, service).sign(toSign)
  const credential = `Credential=${accessKeyId}/${scope}`
  return { ...signed, authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${list}, Signature=${signature}` }
}
