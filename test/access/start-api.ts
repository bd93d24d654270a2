/** The whole API of this process, as the launcher starts it, in a folder of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { startApi } from '../../src/app/api.ts'
import { loadConfig } from '../../src/config/config.ts'

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
  env: Readonly<Record<string, string>> = {},
): Promise<TestApi> {
  const root = await mkdtemp(join(tmpdir(), 'myfsio-api-'))
  const iam = join(root, 'iam.json')
  const withSecrets = users.map((user) => ({ ...user, secret_key: `${user.access_key}-secret` }))
  await writeFile(iam, JSON.stringify({ users: withSecrets }))
  const settings = {
    STORAGE_ROOT: join(root, 'data'),
    IAM_CONFIG: iam,
    API_PORT: '0',
    METADATA_ENGINE: 'memory',
    LOG_LEVEL: 'off',
  }
  const config = loadConfig([], { ...settings, STORAGE_WATCH: 'off', ...env }, root)
  const bootstrap = { accessKey: 'unused', secretKey: 'unused' }
  const server = await startApi({ config, version: 'test', isPrimary: true, bootstrap })
  const endpoint = `http://127.0.0.1:${server.port}`
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
    async close() {
      await server.close(100)
      await rm(root, { recursive: true, force: true })
    },
  }
}
