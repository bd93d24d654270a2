/** What the edges work with, opened once in every process: the API's workers and the console share one store and one gatekeeper. */
import { createGatekeeper } from '#access/gatekeeper.ts'
import { createSignIn } from '#access/sign-in.ts'
import { openBucketPolicies } from '#identity/bucket-policies.ts'
import { openIdentities } from '#identity/identities.ts'
import type { Log } from '#lib/log.ts'
import { openEngine, openStore } from '#store/open-store.ts'
import type { AppConfig } from './config.ts'

export interface ServicesStart {
  readonly config: AppConfig
  /** One process of those that share a store scans, watches and makes what must be there at first. */
  readonly isPrimary: boolean
  readonly bootstrap: { readonly accessKey: string; readonly secretKey: string }
}

export type OpenServices = Awaited<ReturnType<typeof openServices>>

export async function openServices({ config, isPrimary, bootstrap }: ServicesStart, log: Log) {
  const identities = await openIdentities({ path: config.iamPath, bootstrap, log })
  const policies = await openBucketPolicies({ path: config.bucketPolicyPath, log })
  const { ownerId } = identities
  const { storageRoot: root, durability } = config
  const engine = openEngine({ root, durability, engine: config.metadataEngine })
  const store = await openStore({
    root,
    durability,
    engine,
    watch: config.storageWatch,
    log,
    isPrimary,
    ownerId,
    region: config.region,
  })
  const gatekeeper = createGatekeeper({
    identities,
    policies,
    settings: { ...config, hosts: hostsOf(config), virtualHostDomains: domainsOf(config) },
  })
  return {
    engine,
    store,
    gatekeeper,
    bucketPolicies: policies,
    ownerId,
    settings: {
      region: config.region,
      maxUploadBytes: config.maxUploadBytes,
      virtualHostDomains: domainsOf(config),
      defaultObjectOwnership: config.defaultObjectOwnership,
    },
    /** Who may be named as an owner or a grantee. */
    accounts: identities,
    signIn: createSignIn({ identities, settings: config }),
    /** The secret that a user's links are signed with. */
    secretOf: (accessKeyId: string) => identities.findByAccessKey(accessKeyId)?.secretAccessKey,
    /** Why the documents as they are now have no effect, if so. */
    documentProblems: () => [
      { path: config.iamPath, problem: identities.problem },
      { path: config.bucketPolicyPath, problem: policies.problem },
    ],
    close: async () => {
      await store.close()
      await Promise.all([identities.close(), policies.close()])
    },
  }
}

/** Hosts that a signature may name when a proxy has put its own in their place. */
function hostsOf({ apiBaseUrl, allowedHosts }: AppConfig): string[] {
  return apiBaseUrl === undefined ? allowedHosts : [new URL(apiBaseUrl).host, ...allowedHosts]
}

function domainsOf({ apiBaseUrl, virtualHostDomains }: AppConfig): string[] {
  return apiBaseUrl === undefined ? virtualHostDomains : [new URL(apiBaseUrl).hostname, ...virtualHostDomains]
}
