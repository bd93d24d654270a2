/** The SDK client of the source, loaded when it is needed. */
import { Readable } from 'node:stream'
import type * as Sdk from '@aws-sdk/client-s3'
import type { SourceAddress } from './source-address.ts'

export interface SourceCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface SdkClient {
  readonly sdk: typeof Sdk
  readonly s3: Sdk.S3Client
}

/** Default credentials: the default chain of the SDK (variables AWS_*, profiles, the role of a machine). */
export async function openSdkClient(
  { endpoint, region, isPathStyle }: SourceAddress,
  credentials: SourceCredentials | undefined,
  connections: number,
): Promise<SdkClient> {
  const sdk = await import('@aws-sdk/client-s3')
  const agent = { keepAlive: true, maxSockets: connections }
  const s3 = new sdk.S3Client({
    forcePathStyle: isPathStyle,
    // Other stores accept any region. For AWS it comes from the same chain as the credentials.
    ...(region !== undefined || endpoint !== undefined ? { region: region ?? 'us-east-1' } : {}),
    ...(endpoint === undefined ? { followRegionRedirects: true } : { endpoint }),
    ...(credentials && { credentials }),
    maxAttempts: 5,
    requestHandler: { httpAgent: agent, httpsAgent: agent, connectionTimeout: 10_000, socketTimeout: 120_000 },
  })
  return { sdk, s3 }
}

/** What all types of commands have in common. */
interface Stacked {
  readonly middlewareStack: object
}

/** Some sources answer an unknown subresource with the object or the listing. */
export class NotTheDocument extends Error {}

const documentMax = 8 * 1024 * 1024

/** Returns a function that gets the document of the answer, unchanged. NotTheDocument if its root differs. */
export function keepDocument(command: Stacked, root?: string): () => Buffer {
  let document: Buffer = Buffer.alloc(0)
  const stack = command.middlewareStack as Sdk.S3Client['middlewareStack']
  stack.add(
    (next) => async (asked) => {
      const answered = await next(asked)
      const response = answered.response as { body?: Readable; statusCode?: number }
      if (response.body === undefined) return answered
      document = await readDocument(response.body)
      if (response.statusCode === 200 && root !== undefined) assertRoot(document, root)
      response.body = Readable.from([document])
      return answered
    },
    // Runs before the SDK parses the answer.
    { step: 'deserialize', priority: 'low', name: 'keepDocument' },
  )
  return () => document
}

async function readDocument(body: Readable): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let sizeBytes = 0
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    sizeBytes += piece.length
    if (sizeBytes > documentMax) throw new NotTheDocument('The source answers with more than a document.')
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

function assertRoot(document: Buffer, root: string): void {
  const [, found] = /^[^<]*(?:<\?[^>]*>\s*)?<(?:\w+:)?(\w+)/.exec(document.toString('latin1', 0, 1000)) ?? []
  if (found !== root) throw new NotTheDocument(`The source does not answer with ${root}.`)
}
