/** Two nodes in this process over one PostgreSQL. Each has an API, a console and its own folder. */
import { IAMClient } from '@aws-sdk/client-iam'
import { S3Client } from '@aws-sdk/client-s3'
import { createVisitor, type Visitor } from '../console/start-console.ts'
import type { TestPostgres } from '../support/postgres.ts'
import { type ProgramOptions, startProgram, type TestProgram } from '../support/program.ts'
import type { TestUpstream } from '../support/upstream.ts'

export interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface TestNode extends Pick<TestProgram, 'root' | 'iamPath' | 'opened' | 'close'> {
  readonly api: string
  readonly console: string
  iam(keys?: Keys): IAMClient
  s3(keys?: Keys): S3Client
  /** Requests a route below `/_/`. */
  get(path: string, keys?: Keys): Promise<{ status: number; json: unknown }>
  post(path: string, keys?: Keys): Promise<number>
  visitor(): Visitor
}

export const admin: Keys = { accessKeyId: 'localadmin', secretAccessKey: 'localadmin' }

/** The settings of nodes of one store. Its index has its own schema in each test. */
export function storeIn(postgres: TestPostgres, { env }: TestUpstream): Readonly<Record<string, string>> {
  const { schema } = postgres.address()
  return { ...env, METADATA_URL: `${postgres.url}${postgres.url.includes('?') ? '&' : '?'}schema=${schema}` }
}

export async function startNode(
  store: Readonly<Record<string, string>>,
  options: ProgramOptions = {},
): Promise<TestNode> {
  const program = await startProgram('console', { ...options, env: { ...store, ...options.env } })
  const { root, iamPath, opened, close } = program
  const api = await program.serveApi()
  const clientOf = (keys: Keys) => ({ endpoint: api, region: 'us-east-1', credentials: keys, maxAttempts: 1 })
  const send = (method: string, path: string, { accessKeyId, secretAccessKey }: Keys) =>
    fetch(new URL(path, api), {
      method,
      headers: { 'x-access-key': accessKeyId, 'x-secret-key': secretAccessKey },
    })
  return {
    root,
    iamPath,
    opened,
    close,
    api,
    console: program.url,
    iam: (keys = admin) => new IAMClient(clientOf(keys)),
    s3: (keys = admin) => new S3Client({ ...clientOf(keys), forcePathStyle: true }),
    async get(path, keys = admin) {
      const response = await send('GET', path, keys)
      const text = await response.text()
      return { status: response.status, json: response.ok ? JSON.parse(text) : text }
    },
    post: async (path, keys = admin) => (await send('POST', path, keys)).status,
    visitor: () => createVisitor(program.url),
  }
}
