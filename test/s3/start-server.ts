/** The API in this process, for four users, and S3 clients for them. */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import type { Clock } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { ObjectOwnership } from '#model/access/object-ownership.ts'
import { startProgram, type TestProgram } from '../support/program.ts'
import { signByClock } from '../support/sign-by-clock.ts'

export interface TestServer {
  readonly endpoint: string
  readonly root: string
  readonly opened: TestProgram['opened']
  client(user?: TestUser, config?: S3ClientConfig): S3Client
  close(): Promise<void>
}

/** `main` and `reader` share an account; `other` and `bare` have one each, and `bare` has no policies of its own. */
export type TestUser = 'main' | 'other' | 'reader' | 'bare'

const users = [
  { access_key: 'main', secret_key: 'main-secret', display_name: 'Main', policies: [{ bucket: '*', actions: ['*'] }] },
  {
    access_key: 'other',
    secret_key: 'other-secret',
    display_name: 'Other',
    account: '111111111111',
    email: 'other@example.com',
    policies: [{ bucket: '*', actions: ['*'] }],
  },
  {
    access_key: 'reader',
    secret_key: 'reader-secret',
    display_name: 'Reader',
    policies: [{ bucket: '*', actions: ['list', 'read'] }],
  },
  { access_key: 'bare', secret_key: 'bare-secret', display_name: 'Bare', account: '222222222222', policies: [] },
]

export async function startServer(
  options: {
    engine?: 'lmdb' | 'memory'
    trustedProxies?: string[]
    enforce?: 'on' | 'log'
    defaultObjectOwnership?: ObjectOwnership
    /** Beside us-east-1. */
    regions?: string[]
    log?: LevelLog
    root?: string
    isPrimary?: boolean
    clock?: Clock
    env?: Readonly<Record<string, string>>
  } = {},
): Promise<TestServer> {
  const {
    engine = 'lmdb',
    enforce = 'on',
    trustedProxies = [],
    regions = [],
    log,
    root,
    isPrimary = false,
    clock,
  } = options
  const env = {
    METADATA_ENGINE: engine,
    ENFORCE: enforce,
    TRUSTED_PROXIES: trustedProxies.join(','),
    REGIONS: regions.join(',') || 'us-east-1',
    DEFAULT_OBJECT_OWNERSHIP: options.defaultObjectOwnership ?? 'BucketOwnerEnforced',
    SIGNATURE_V2: 'on',
    ...options.env,
  }
  const program = await startProgram('api', { root, log, isPrimary, clock, iam: { users }, env })
  return {
    endpoint: program.url,
    root: program.root,
    opened: program.opened,
    client(user = 'main', config = {}) {
      const client = new S3Client({
        endpoint: program.url,
        region: 'us-east-1',
        forcePathStyle: true,
        credentials: { accessKeyId: user, secretAccessKey: `${user}-secret` },
        maxAttempts: 1,
        ...config,
      })
      if (clock !== undefined) signByClock(client, clock)
      return client
    },
    close: program.close,
  }
}
