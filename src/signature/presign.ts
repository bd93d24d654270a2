/** Presigned URLs. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html */
import { hash } from 'node:crypto'
import { awsEncode } from '#lib/text/uri.ts'
import { canonicalQuery } from './canonical-request.ts'
import { signingKey } from './signing-key.ts'
import { unsignedPayload } from './v4.ts'

export interface Presign {
  readonly method: string
  /** Scheme and host. */
  readonly url: string
  /** Encoded, and used unchanged, so that keys with `..` or `//` keep their meaning. */
  readonly path: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly region: string
  readonly service: string
  readonly expiresSeconds: number
  readonly nowMs: number
  /** Further parameters that the signature covers, such as `response-content-type`. */
  readonly query?: Readonly<Record<string, string>>
}

export function presignV4(presign: Presign): string {
  const url = new URL(presign.url)
  const timestamp = new Date(presign.nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const date = timestamp.slice(0, 8)
  const scope = `${date}/${presign.region}/${presign.service}/aws4_request`
  const values: Record<string, string> = {
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${presign.accessKeyId}/${scope}`,
    'X-Amz-Date': timestamp,
    'X-Amz-Expires': String(presign.expiresSeconds),
    'X-Amz-SignedHeaders': 'host',
    ...presign.query,
    ...(presign.sessionToken === undefined ? {} : { 'X-Amz-Security-Token': presign.sessionToken }),
  }
  const added = Object.entries(values).map(([name, value]) => `${awsEncode(name)}=${awsEncode(value)}`)
  const query = canonicalQuery(added.join('&'))
  const { path } = presign
  const canonical = `${presign.method}\n${path}\n${query}\nhost:${url.host}\n\nhost\n${unsignedPayload}`
  const key = signingKey(presign.secretAccessKey, date, presign.region, presign.service)
  const signature = key.sign(`AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${hash('sha256', canonical, 'hex')}`)
  return `${url.protocol}//${url.host}${path}?${query}&X-Amz-Signature=${signature}`
}
