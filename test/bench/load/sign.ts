/**
 * Builds whole HTTP/1.1 request heads signed with SigV4, so that nothing is left to compute once the clock runs.
 * The signature is stamped at construction: use a Signer for less than 15 minutes.
 */
import { createHash, createHmac } from 'node:crypto'

export interface Credentials {
  readonly accessKey: string
  readonly secretKey: string
}

/** One request ready to be sent. A HEAD's answer has no body, whatever its Content-Length is. */
export interface WireRequest {
  readonly head: Buffer
  readonly body?: Buffer
  readonly isHead: boolean
}

export interface RequestParts {
  readonly method: string
  /** Unencoded, with its leading slash. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
  /** Hex SHA-256 of the body, or UNSIGNED-PAYLOAD; computed when absent. */
  readonly payloadHash?: string
}

const emptyHash = createHash('sha256').digest('hex')

export class Signer {
  readonly #host: string
  readonly #accessKey: string
  readonly #timestamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  readonly #scope: string
  readonly #signingKey: Buffer

  constructor(host: string, credentials: Credentials, region = 'us-east-1') {
    const day = this.#timestamp.slice(0, 8)
    this.#host = host
    this.#accessKey = credentials.accessKey
    this.#scope = `${day}/${region}/s3/aws4_request`
    this.#signingKey = [day, region, 's3', 'aws4_request'].reduce<Buffer>(
      (key, part) => hmac(key, part),
      Buffer.from(`AWS4${credentials.secretKey}`),
    )
  }

  sign(parts: RequestParts): WireRequest {
    const hash = parts.payloadHash ?? (parts.body ? createHash('sha256').update(parts.body).digest('hex') : emptyHash)
    const headers: Record<string, string> = {
      ...parts.headers,
      host: this.#host,
      'x-amz-content-sha256': hash,
      'x-amz-date': this.#timestamp,
    }
    const names = Object.keys(headers).sort()
    const path = parts.path.split('/').map(encode).join('/')
    const query = Object.entries(parts.query ?? {})
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&')
    const lines = names.map((name) => `${name}:${headers[name]}\n`).join('')
    const canonical = `${parts.method}\n${path}\n${query}\n${lines}\n${names.join(';')}\n${hash}`
    const digest = createHash('sha256').update(canonical).digest('hex')
    const text = `AWS4-HMAC-SHA256\n${this.#timestamp}\n${this.#scope}\n${digest}`
    const signature = hmac(this.#signingKey, text).toString('hex')
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${this.#accessKey}/${this.#scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
    if (parts.body || parts.method === 'PUT' || parts.method === 'POST') {
      headers['content-length'] = String(parts.body?.length ?? 0)
    }
    const target = query === '' ? path : `${path}?${query}`
    const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const head = Buffer.from(`${parts.method} ${target} HTTP/1.1\r\n${fields.join('')}\r\n`)
    const isHead = parts.method === 'HEAD'
    return parts.body ? { head, body: parts.body, isHead } : { head, isHead }
  }
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
