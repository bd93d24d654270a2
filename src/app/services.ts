/** What the edges work with, opened once in every process: the API's workers and the console share one store and one gatekeeper. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openAccess } from '#access/open-access.ts'
import { createSignIn } from '#access/sign-in/sign-in.ts'
import type { AppConfig } from '#config/config.ts'
import { createLocalRequests } from '#http/local-requests.ts'
import { openBucketPolicies } from '#identity/bucket-policies/bucket-policies.ts'
import { openIdentities } from '#identity/identities.ts'
import type { Log } from '#lib/log/log.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { openLmdbEngine } from '#metadata/lmdb/engine.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { openEngine, openStore } from './open-store.ts'

export interface ServicesStart {
  readonly config: AppConfig
  /** One process of those that share a store scans, watches and makes what must be there at first. */
  readonly isPrimary: boolean
  readonly bootstrap: { readonly accessKey: string; readonly secretKey: string }
}

export type OpenServices = Awaited<ReturnType<typeof openServices>>

export async function openServices({ config, isPrimary, bootstrap }: ServicesStart, log: Log) {
  const identities = await openIdentities({ path: config.iamPath, bootstrap, log, secretKey: config.secretKey })
  const principalExists = (name: string) => identities.isPrincipal(name)
  const policies = await openBucketPolicies({
    path: config.bucketPolicyPath,
    log,
    principalExists,
    principals: identities.principals,
  })
  identities.setNamingPolicies(policies)
  const { ownerId } = identities
  const { storageRoot: root, durability } = config
  const engine = openEngine({ root, durability, engine: config.metadataEngine })
  const store = await openStore({
    root: config.metadataEngine === 'memory' ? undefined : root,
    durability,
    engine,
    watch: config.storageWatch,
    scrubIntervalMs: config.scrubIntervalMs,
    log,
    isPrimary,
    ownerId,
    region: config.region,
    blocksPublicAccess: config.defaultPublicAccessBlock,
    verifyReads: config.verifyReads,
  })
  const virtualHostDomains = domainsOf(config)
  const access = openAccess({
    identities,
    policies,
    engine: openJournalEngine(config),
    log,
    settings: { ...config, hosts: hostsOf(config), virtualHostDomains },
  })
  if (config.enforce === 'log') {
    log.warn(
      { enforce: 'log' },
      'ENFORCE=log: NOTHING IS DENIED to whoever has a key. Decisions are recorded, not enforced.',
    )
  }
  const { region, regions, maxUploadBytes, defaultObjectOwnership, defaultPublicAccessBlock } = config
  const defaults = { defaultObjectOwnership, defaultPublicAccessBlock }
  const settings = { region, regions, maxUploadBytes, virtualHostDomains, ...defaults }
  return {
    services: { store, gatekeeper: access.gatekeeper, bucketPolicies: policies, accounts: identities, settings },
    access,
    identities,
    policies,
    /** Of the index, for rows beside the store's. */
    engine,
    signIn: createSignIn({ identities, access, settings: config }),
    localRequests: createLocalRequests({
      findOpenKey: () => identities.findOpenKey(),
      isLoopback: config.isLoopback,
      hosts: hostsOf(config),
      domains: virtualHostDomains,
      origins: config.cors.origins.filter((origin) => origin !== '*' && origin !== 'null'),
    }),
    /** The secret that a user's links are signed with. */
    secretOf: (accessKeyId: string) => identities.findByAccessKey(accessKeyId)?.secretAccessKey,
    close: async () => {
      await store.close()
      await access.close()
      await Promise.all([identities.close(), policies.close()])
    },
  }
}

function openJournalEngine({ metadataEngine, storageRoot }: AppConfig): MetadataEngine {
  if (metadataEngine === 'memory') return openMemoryEngine()
  const path = join(storageRoot, '.myfsio.sys', 'journal')
  mkdirSync(path, { recursive: true })
  return openLmdbEngine({ path, flush: 'each', advice: 'This folder may be deleted while no server uses it.' })
}

/** Hosts that a signature may name when a proxy has put its own in their place. */
function hostsOf({ apiBaseUrl, allowedHosts }: AppConfig): string[] {
  return apiBaseUrl === undefined ? allowedHosts : [new URL(apiBaseUrl).host, ...allowedHosts]
}

function domainsOf({ apiBaseUrl, virtualHostDomains }: AppConfig): string[] {
  return apiBaseUrl === undefined ? virtualHostDomains : [new URL(apiBaseUrl).hostname, ...virtualHostDomains]
}
