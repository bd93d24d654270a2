/** The services of API and console. Every process opens them once: all share one store and the same access checks. */
import { openAccess } from '#access/open-access.ts'
import { createSignIn } from '#access/sign-in/sign-in.ts'
import { createConsoleFreshen, createFreshen, openDocumentRows, refreshWithin } from '#app/nodes/fresh-documents.ts'
import { type NodePart, openNodes } from '#app/nodes/open-nodes.ts'
import type { AppConfig } from '#config/config.ts'
import type { DocumentSources } from '#documents/source.ts'
import { createLocalRequests } from '#http/local-requests.ts'
import { openBucketPolicies } from '#identity/bucket-policies/bucket-policies.ts'
import { openIdentities } from '#identity/identities.ts'
import { KeyPolicyBook } from '#identity/key-policies/key-policies.ts'
import { openJobs } from '#jobs/open-jobs.ts'
import { type Clock, systemClock } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { CommonClock } from '#nodes/common-clock.ts'
import { Encryption } from '#objects/encryption/encryption.ts'
import { isShared, openIndex, openJournalEngine } from './open-index.ts'
import { openKeyring } from './open-keyring.ts'
import { openStore } from './open-store.ts'

export interface ServicesStart {
  readonly config: AppConfig
  /** The primary process scans, watches, and creates what must exist at first. */
  readonly isPrimary: boolean
  /** Whether jobs run in this process. The primary process always runs them. */
  readonly runsJobs?: boolean
  readonly bootstrap: { readonly accessKey: string; readonly secretKey: string }
  /** Where documents are kept. Default: in files, or with several nodes in the index. */
  readonly documents?: DocumentSources | undefined
  readonly version: string
  /** This process as part of its node. Default: a node of its own. */
  readonly node?: NodePart | undefined
  /** Default: the system clock, or with several nodes that of the index. */
  readonly clock?: Clock
}

export type OpenServices = Awaited<ReturnType<typeof openServices>>

export async function openServices(start: ServicesStart, log: LevelLog) {
  const { config, isPrimary, runsJobs = isPrimary, bootstrap } = start
  const { iamPath, secretKey, storageRoot: root, durability } = config
  // If nodes share an index, documents are read from it.
  const sharedEngine = isShared(config) ? await openIndex(config) : undefined
  const { clock, ownClock, closeClock } = await openClock(start.clock, sharedEngine)
  const documentRows = sharedEngine && openDocumentRows(config, sharedEngine, { clock, log })
  const sources = start.documents ?? documentRows?.sources
  const identities = await openIdentities({ path: iamPath, sources, bootstrap, log, secretKey, clock })
  const principalExists = (name: string) => identities.isPrincipal(name)
  const policies = await openBucketPolicies({
    path: config.bucketPolicyPath,
    sources,
    log,
    principalExists,
    principals: identities.principals,
  })
  const freshen = documentRows && (() => refreshWithin(documentRows))
  const keys = await openKeyring({ config, sources, clock, log, freshen })
  const { keyring } = keys
  const keyPolicies = new KeyPolicyBook(keyring, { principals: identities.principals, principalExists })
  identities.setNamingPolicies(policies, keyPolicies)
  const { ownerId } = identities
  const engine = sharedEngine ?? (await openIndex(config))
  const store = await openStore({
    root: config.metadataEngine === 'memory' ? undefined : root,
    durability,
    engine,
    watch: config.storageWatch,
    clock,
    log,
    isPrimary,
    ownerId,
    region: config.region,
    bucketDefaults: config,
    verifyReads: config.verifyReads,
    upstream: config.upstream,
  })
  const jobs = openJobs({
    services: { store, engine, keyring, clock, ownClock, log, settings: config },
    runs: runsJobs,
  })
  const nodes = openNodes(start, { engine, jobs, clock: ownClock, log })
  const virtualHostDomains = domainsOf(config)
  const access = openAccess({
    identities,
    policies,
    keyPolicies,
    engine: await openJournalEngine(config),
    index: engine,
    clock,
    log,
    settings: { ...config, hosts: hostsOf(config), virtualHostDomains },
  })
  if (config.enforce === 'log') {
    log.warn(
      { enforce: 'log' },
      'ENFORCE=log: NOTHING IS DENIED to requests signed with a valid key. Decisions are recorded, not enforced.',
    )
  }
  const { region, regions, maxUploadBytes, defaultEncryption } = config
  const { defaultObjectOwnership, defaultPublicAccessBlock, defaultBlockedEncryption } = config
  const defaults = { defaultObjectOwnership, defaultPublicAccessBlock, defaultBlockedEncryption, defaultEncryption }
  const settings = { region, regions, maxUploadBytes, virtualHostDomains, ...defaults }
  const findAccount = (canonicalId: string) => identities.findAccount(canonicalId)
  const encryption = new Encryption({ keyring, clock, defaultEncryption, findAccount })
  return {
    services: {
      store,
      gatekeeper: access.gatekeeper,
      bucketPolicies: policies,
      accounts: identities,
      keyring,
      encryption,
      clock,
      settings,
      catchUp: documentRows && (() => documentRows.catchUp()),
    },
    access,
    identities,
    policies,
    keys,
    keyPolicies,
    clock,
    jobs,
    nodes,
    freshen: createFreshen(documentRows, identities),
    freshenForConsole: createConsoleFreshen(documentRows),
    /** The engine of the index, for rows beside those of the store. */
    engine,
    signIn: createSignIn({ identities, access, settings: config, engine, clock }),
    localRequests: createLocalRequests({
      findOpenKey: () => identities.findOpenKey(),
      isLoopback: config.isLoopback,
      hosts: hostsOf(config),
      domains: virtualHostDomains,
      origins: config.cors.origins.filter((origin) => origin.includes('://')),
    }),
    /** The secret that signs a user's links. */
    secretOf: (accessKeyId: string) => identities.findByAccessKey(accessKeyId)?.secretAccessKey,
    close: async () => {
      await Promise.all([jobs.close(), nodes.close()])
      await Promise.all([identities.close(), policies.close(), keys.close()])
      await documentRows?.close()
      await closeClock()
      await store.close()
      await access.close()
    },
  }
}

/** Nodes that share an index share its time. `given`: by a test, for all nodes. */
async function openClock(given: Clock | undefined, engine: MetadataEngine | undefined) {
  const ownClock = given ?? systemClock
  if (given !== undefined || engine?.timeMs === undefined)
    return { clock: ownClock, ownClock, closeClock: async () => {} }
  const clock = await CommonClock.open({ timeMs: engine.timeMs.bind(engine) }, ownClock)
  return { clock, ownClock, closeClock: () => clock.close() }
}

/** Hosts that a signature may name if a proxy changes the Host header. */
function hostsOf({ apiBaseUrl, allowedHosts }: AppConfig): string[] {
  return apiBaseUrl === undefined ? allowedHosts : [new URL(apiBaseUrl).host, ...allowedHosts]
}

function domainsOf({ apiBaseUrl, virtualHostDomains }: AppConfig): string[] {
  return apiBaseUrl === undefined ? virtualHostDomains : [new URL(apiBaseUrl).hostname, ...virtualHostDomains]
}
