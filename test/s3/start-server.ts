/** A whole S3 server in this process, in a folder of its own, on a free port. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { type Access, openAccess } from '#access/open-access.ts'
import { openKeyring } from '#app/open-keyring.ts'
import { openStore } from '#app/open-store.ts'
import { loadConfig } from '#config/config.ts'
import { openBucketPolicies } from '#identity/bucket-policies/bucket-policies.ts'
import { openIdentities } from '#identity/identities.ts'
import { KeyPolicyBook } from '#identity/key-policies/key-policies.ts'
import type { LocalKeyring } from '#keyring/local-keyring.ts'
import { systemClock } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import type { ObjectOwnership } from '#model/access/object-ownership.ts'
import type { BlockedEncryptionType, ServerEncryption } from '#model/bucket/bucket-encryption.ts'
import { Encryption } from '#objects/encryption/encryption.ts'
import { createS3Endpoint } from '#s3/endpoint.ts'

export interface TestServer {
  readonly endpoint: string
  readonly root: string
  readonly access: Access
  readonly keyring: LocalKeyring
  client(user?: TestUser, config?: S3ClientConfig): S3Client
  close(): Promise<void>
}

/** `main` and `reader` share an account; `other` and `bare` have one each, and `bare` no grants of its own. */
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

const silent: LevelLog = { info: () => undefined, warn: () => undefined, error: (fields) => console.error(fields) }

export async function startServer(
  options: {
    engine?: 'lmdb' | 'memory'
    /** Also with an index in memory. */
    keepsFiles?: boolean
    maxUploadBytes?: number
    trustedProxies?: string[]
    enforce?: 'on' | 'log'
    defaultObjectOwnership?: ObjectOwnership
    defaultEncryption?: ServerEncryption
    defaultBlockedEncryption?: BlockedEncryptionType[]
    /** Beside us-east-1. */
    regions?: string[]
    log?: LevelLog
    root?: string
    isPrimary?: boolean
  } = {},
): Promise<TestServer> {
  const log = options.log ?? silent
  const root = options.root ?? (await mkdtemp(join(tmpdir(), 'myfsio-s3-')))
  const iamPath = join(root, 'iam.json')
  await writeFile(iamPath, JSON.stringify({ users }))
  const store = await openStore({
    root: options.engine === 'memory' && options.keepsFiles !== true ? undefined : join(root, 'data'),
    durability: 'strict',
    engine: options.engine ?? 'lmdb',
    watch: false,
    log,
    isPrimary: options.isPrimary ?? false,
  })
  const identities = await openIdentities({ path: iamPath, bootstrap: { accessKey: 'x', secretKey: 'x' }, log: silent })
  const policies = await openBucketPolicies({ path: join(root, 'bucket_policies.json'), log: silent })
  const config = loadConfig([], { STORAGE_ROOT: join(root, 'data') }, root)
  const keys = await openKeyring({ config, clock: systemClock, log })
  const { keyring } = keys
  const access = openAccess({
    identities,
    policies,
    keyPolicies: new KeyPolicyBook(keyring, {
      principals: identities.principals,
      principalExists: (name) => identities.isPrincipal(name),
    }),
    engine: openMemoryEngine(),
    clock: systemClock,
    log: silent,
    settings: {
      trustedProxies: options.trustedProxies ?? [],
      enforce: options.enforce ?? 'on',
      region: 'us-east-1',
      regions: options.regions ?? [],
      service: 's3',
      hosts: [],
      plainKeyAuth: true,
      signatureV2: 'on',
      authMaxAttempts: 5,
      authLockoutMinutes: 15,
      virtualHostDomains: [],
    },
  })
  const settings = {
    region: 'us-east-1',
    regions: options.regions ?? [],
    maxUploadBytes: options.maxUploadBytes ?? 1024 ** 3,
    virtualHostDomains: [],
    defaultObjectOwnership: options.defaultObjectOwnership ?? ('BucketOwnerEnforced' as const),
    defaultPublicAccessBlock: false,
    defaultBlockedEncryption: options.defaultBlockedEncryption ?? [],
    defaultEncryption: options.defaultEncryption ?? ('none' as const),
  }
  const { defaultEncryption } = settings
  const findAccount = (canonicalId: string) => identities.findAccount(canonicalId)
  const encryption = new Encryption({ keyring, clock: systemClock, defaultEncryption, findAccount })
  const listener = createS3Endpoint({
    services: {
      store,
      gatekeeper: access.gatekeeper,
      bucketPolicies: policies,
      accounts: identities,
      encryption,
      settings,
    },
    log,
  })
  const server = http.createServer(listener)
  server.on('checkContinue', listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    endpoint,
    root,
    access,
    keyring,
    client: (user = 'main', config = {}) =>
      new S3Client({
        endpoint,
        region: 'us-east-1',
        forcePathStyle: true,
        credentials: { accessKeyId: user, secretAccessKey: `${user}-secret` },
        maxAttempts: 1,
        ...config,
      }),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await store.close()
      await access.close()
      await identities.close()
      await policies.close()
      await keys.close()
      if (options.root === undefined) await rm(root, { recursive: true, force: true })
    },
  }
}
