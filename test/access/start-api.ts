/** The API in this process for the given users. */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { startProgram } from '../support/program.ts'

interface User {
  readonly access_key: string
  readonly account?: string
  readonly policies: readonly { readonly bucket: string; readonly actions: readonly string[] }[]
}

export interface TestApi {
  readonly endpoint: string
  client(accessKeyId: string, config?: S3ClientConfig): S3Client
  /** A signed request to a path of ours. */
  ask(accessKeyId: string, method: 'GET' | 'POST', path: string, body?: unknown): Promise<Response>
  close(): Promise<void>
}

export async function startTestApi(
  users: readonly User[],
  settings: Readonly<Record<string, string>> = {},
): Promise<TestApi> {
  const iam = { users: users.map((user) => ({ ...user, secret_key: `${user.access_key}-secret` })) }
  const env = { METADATA_ENGINE: 'memory', ...settings }
  const { url: endpoint, close } = await startProgram('api', { iam, env })
  return {
    endpoint,
    client: (accessKeyId, more = {}) =>
      new S3Client({
        endpoint,
        region: 'us-east-1',
        forcePathStyle: true,
        maxAttempts: 1,
        credentials: { accessKeyId, secretAccessKey: `${accessKeyId}-secret` },
        ...more,
      }),
    ask: (accessKeyId, method, path, body) =>
      fetch(endpoint + path, {
        method,
        headers: { 'x-access-key': accessKeyId, 'x-secret-key': `${accessKeyId}-secret` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    close,
  }
}
