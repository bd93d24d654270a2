/** The whole API in this process, as the launcher starts it, in a folder of its own and on a free port; and clients for it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { IAMClient } from '@aws-sdk/client-iam'
import { KMSClient } from '@aws-sdk/client-kms'
import { S3Client } from '@aws-sdk/client-s3'
import { STSClient } from '@aws-sdk/client-sts'
import { startApi } from '#app/api.ts'
import { loadConfig } from '#config/config.ts'

export interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface TestApp {
  readonly endpoint: string
  readonly root: string
  readonly iamPath: string
  iam(keys?: Keys): IAMClient
  sts(keys?: Keys): STSClient
  s3(keys?: Keys): S3Client
  kms(keys?: Keys, region?: string): KMSClient
  close(): Promise<void>
}

const key = (id: string) => ({ id, secret: `${id}-secret` })
export const keysOf = (id: string): Keys => ({ accessKeyId: id, secretAccessKey: `${id}-secret` })

/** Roots of two accounts. */
export const rootKeys = keysOf('ROOTKEYOFACCOUNTONE1')
export const otherRootKeys = keysOf('ROOTKEYOFACCOUNTTWO2')
export const accountId = '111122223333'
export const otherAccountId = '444455556666'

export const testDocument = {
  version: 2,
  accounts: [
    { id: accountId, displayName: 'One', keys: [key(rootKeys.accessKeyId)] },
    { id: otherAccountId, displayName: 'Two', keys: [key(otherRootKeys.accessKeyId)] },
  ],
}

export const testSecretKey = 'a secret key of the tests'

export async function startApp(
  options: { document?: object; settings?: Record<string, string>; root?: string } = {},
): Promise<TestApp> {
  const root = options.root ?? (await mkdtemp(join(tmpdir(), 'myfsio-iam-')))
  const iamPath = join(root, 'iam.json')
  if (options.root === undefined) await writeFile(iamPath, JSON.stringify(options.document ?? testDocument, null, 2))
  const settings = {
    STORAGE_ROOT: join(root, 'data'),
    IAM_CONFIG: iamPath,
    METADATA_ENGINE: 'memory',
    STORAGE_WATCH: 'off',
    API_PORT: '0',
    LOG_LEVEL: 'off',
    SECRET_KEY: testSecretKey,
    ...options.settings,
  }
  const config = loadConfig([], settings, root)
  const bootstrap = { accessKey: 'localadmin', secretKey: 'localadmin' }
  const running = await startApi({ config, version: 'test', isPrimary: true, bootstrap })
  const endpoint = `http://127.0.0.1:${running.port}`
  const common = (credentials: Keys) => ({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
  return {
    endpoint,
    root,
    iamPath,
    iam: (keys = rootKeys) => new IAMClient(common(keys)),
    sts: (keys = rootKeys) => new STSClient(common(keys)),
    s3: (keys = rootKeys) => new S3Client({ ...common(keys), forcePathStyle: true }),
    kms: (keys = rootKeys, region = 'us-east-1') => new KMSClient({ ...common(keys), region }),
    async close() {
      await running.close(100)
      await rm(root, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

export const policy = (...statements: object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements })

export const allow = (action: string | string[], resource: string | string[] = '*') => ({
  Effect: 'Allow',
  Action: action,
  Resource: resource,
})
