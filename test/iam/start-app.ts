/** The API in this process with two accounts, and clients for it. */
import { IAMClient } from '@aws-sdk/client-iam'
import { KMSClient } from '@aws-sdk/client-kms'
import { S3Client } from '@aws-sdk/client-s3'
import { STSClient } from '@aws-sdk/client-sts'
import type { Clock } from '#lib/clock.ts'
import { startProgram } from '../support/program.ts'
import { signByClock } from '../support/sign-by-clock.ts'

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

export { testSecretKey } from '../support/program.ts'

export async function startApp(
  options: { document?: object; settings?: Record<string, string>; root?: string; clock?: Clock } = {},
): Promise<TestApp> {
  const { root: given, document = given === undefined ? testDocument : undefined, settings, clock } = options
  const env = { METADATA_ENGINE: 'memory', ...settings }
  const { url: endpoint, root, iamPath, close } = await startProgram('api', { root: given, iam: document, env, clock })
  const common = (credentials: Keys) => ({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
  const timed = <T extends { readonly config: object }>(client: T): T => {
    if (clock !== undefined) signByClock(client, clock)
    return client
  }
  return {
    endpoint,
    root,
    iamPath,
    iam: (keys = rootKeys) => timed(new IAMClient(common(keys))),
    sts: (keys = rootKeys) => timed(new STSClient(common(keys))),
    s3: (keys = rootKeys) => timed(new S3Client({ ...common(keys), forcePathStyle: true })),
    kms: (keys = rootKeys, region = 'us-east-1') => timed(new KMSClient({ ...common(keys), region })),
    close,
  }
}

export const policy = (...statements: object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements })

export const allow = (action: string | string[], resource: string | string[] = '*') => ({
  Effect: 'Allow',
  Action: action,
  Resource: resource,
})
