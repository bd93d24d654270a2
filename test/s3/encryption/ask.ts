/** Requests that no SDK would send, with the keys of a user in their headers. */
import { hash } from 'node:crypto'
import type { TestServer } from '../start-server.ts'

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Refused {
  readonly status: number
  readonly code: string | undefined
  readonly message: string | undefined
  readonly argumentName?: string
  readonly argumentValue?: string
}

/** `target`: bucket, key and query. */
export async function ask({ endpoint }: TestServer, target: string, { method = 'GET', headers, body }: Asked) {
  return fetch(`${endpoint}/${target}`, {
    method,
    headers: { 'x-access-key': 'main', 'x-secret-key': 'main-secret', ...headers },
    ...(body !== undefined && { body }),
  })
}

export async function refusal(server: TestServer, target: string, asked: Asked): Promise<Refused> {
  return refusalIn(await ask(server, target, asked))
}

export async function refusalIn(answer: Response): Promise<Refused> {
  const text = await answer.text()
  const element = (name: string) => {
    const found = new RegExp(`<${name}>(.*?)</${name}>`).exec(text)?.[1]
    return found?.replaceAll('&quot;', '"').replaceAll('&amp;', '&')
  }
  const [argumentName, argumentValue] = [element('ArgumentName'), element('ArgumentValue')]
  return {
    status: answer.status,
    code: element('Code'),
    message: element('Message'),
    ...(argumentName !== undefined && { argumentName }),
    ...(argumentValue !== undefined && { argumentValue }),
  }
}

/** A customer's key, as bytes, as parameters of the SDK, and as headers. */
export function customerKey(seed: string) {
  const bytes = hash('sha256', seed, 'buffer')
  const base64 = bytes.toString('base64')
  const md5 = hash('md5', bytes, 'base64')
  const headersOf = (prefix: string) => ({
    [`${prefix}-algorithm`]: 'AES256',
    [`${prefix}-key`]: base64,
    [`${prefix}-key-md5`]: md5,
  })
  return {
    base64,
    md5,
    sdk: { SSECustomerAlgorithm: 'AES256', SSECustomerKey: base64, SSECustomerKeyMD5: md5 },
    source: {
      CopySourceSSECustomerAlgorithm: 'AES256',
      CopySourceSSECustomerKey: base64,
      CopySourceSSECustomerKeyMD5: md5,
    },
    headers: headersOf('x-amz-server-side-encryption-customer'),
    sourceHeaders: headersOf('x-amz-copy-source-server-side-encryption-customer'),
  }
}
