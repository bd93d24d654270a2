/** The shape of every page: (visit, services) → answer. Pages never see Express. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { ZodType } from 'zod'
import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Gatekeeper } from '#access/decide/gatekeeper.ts'
import type { Resource } from '#access/decide/resource.ts'
import type { Access } from '#access/open-access.ts'
import type { SignIn } from '#access/sign-in/sign-in.ts'
import type { Identities } from '#identity/identities.ts'
import type { KeyPolicyBook } from '#identity/key-policies/key-policies.ts'
import type { LocalKeyring } from '#keyring/local-keyring.ts'
import type { Clock } from '#lib/clock.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import type { Principal } from '#model/account.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { NodeList } from '#model/node-status.ts'
import type { BackgroundWork } from '#model/work-status.ts'
import type { Actor } from '#objects/actor.ts'
import type { Encryption } from '#objects/encryption/encryption.ts'
import type { Content, Store } from '#store/contract.ts'
import type { ConsoleSettings } from './console-settings.ts'
import type { Effect } from './facts.ts'
import type { ShownOnce } from './iam/keys/shown-once.ts'
import type { Notice, VisitSession } from './session/session.ts'

export interface Visit {
  /** The raw message, for streamed bodies. */
  readonly message: IncomingMessage
  readonly headers: IncomingHttpHeaders
  readonly method: string
  /** Path and query as requested. */
  readonly url: string
  readonly query: URLSearchParams
  /** Values of `:name` in the route's path, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly address: string
  /** Host in the visitor's browser, with its port if one is given. */
  readonly host: string | undefined
  /** The facts about every visit that conditions of policies may use: see facts.ts. */
  readonly facts: RequestFacts
  /** The principal, address and request id behind writes of this visit. */
  readonly actor: Actor
  /** Anonymous on pages that need no sign-in. */
  readonly principal: Principal
  readonly session: VisitSession
  /** The route's `:bucket`, loaded. */
  readonly bucket: Bucket
  /** `key` of the query; '' if there is none. */
  readonly key: string
  /** The version id in the query. If undefined, the current version. */
  readonly versionId: string | undefined
  /** Fields of an urlencoded form. */
  readonly form: URLSearchParams
  /** A bounded JSON body. InvalidRequest if it does not match the schema. */
  readJson<T>(schema: ZodType<T>): Promise<T>
  may(action: string, resource?: Resource, effect?: Effect): boolean
  /** AccessDenied unless the visitor may. */
  authorize(action: string, resource?: Resource, effect?: Effect): void
  /** The same for an object, or an upload to it: its owner and ACL may decide. */
  authorizeObject(action: string, target: ObjectTarget, effect?: Effect): Promise<void>
}

export interface ObjectTarget {
  readonly bucket: Bucket
  readonly key: string
  readonly versionId?: string | undefined
  readonly uploadId?: string | undefined
}

/** A page in the layout, or without the navigation when `isBare`. */
export interface View {
  readonly view: string
  readonly title: string
  readonly locals?: Readonly<Record<string, unknown>>
  readonly status?: number
  /** The section that the navigation marks, and the breadcrumbs. */
  readonly place?: Section
  readonly crumbs?: readonly Crumb[]
  readonly isBare?: boolean
  /** Part of a page, fetched by a script. */
  readonly isFragment?: boolean
  /** Scripts show it in a dialog; without scripts it is a page. */
  readonly isDialog?: boolean
  /** Modules under public/js that only this page needs. */
  readonly scripts?: readonly string[]
}

export type Section = 'overview' | 'buckets' | 'iam' | 'kms' | 'activity' | 'denials' | 'docs' | 'system'

export interface Crumb {
  readonly text: string
  readonly href?: string
}

export type Answer =
  | View
  | { readonly redirect: string; readonly notice?: Notice; readonly cookie?: string }
  | { readonly json: unknown; readonly status?: number }
  | {
      readonly content: Content | Readable
      readonly status?: number
      readonly headers: Readonly<Record<string, string>>
    }

export interface BucketPolicies {
  /** Parses as `put` does. MalformedPolicy. */
  parse(bucket: string, json: string): unknown
  find(bucket: string): string | undefined
  /** MalformedPolicy; AccessDenied for a public policy while BlockPublicPolicy is on. */
  put(bucket: string, json: string, options: { readonly blocksPublic: boolean }): Promise<void>
  remove(bucket: string): Promise<void>
  isPublic(bucket: string): boolean
}

/** Services that every process opens once: see app/services.ts. */
export interface DomainServices {
  readonly clock: Clock
  readonly engine: MetadataEngine
  readonly store: Store
  readonly backgroundWork: BackgroundWork
  readonly nodes: NodeList
  readonly gatekeeper: Gatekeeper
  readonly bucketPolicies: BucketPolicies
  readonly access: Access
  readonly identities: Identities
  readonly keyring: LocalKeyring
  readonly encryption: Encryption
  readonly keyPolicies: KeyPolicyBook
  readonly signIn: SignIn
  readonly secretOf: (accessKeyId: string) => string | undefined
  readonly documentProblems: () => readonly { readonly path: string; readonly problem: string | undefined }[]
}

export interface ConsoleServices extends DomainServices {
  /** Every setting by name, secrets masked. */
  readonly settings: readonly (readonly [name: string, value: string])[]
  readonly config: ConsoleSettings
  readonly version: string
  readonly newKeys: ShownOnce
}

export type Page = (visit: Visit, services: ConsoleServices) => Answer | Promise<Answer>
