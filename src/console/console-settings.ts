/** The part of the server's settings that the console needs. */
import type { CorsSettings } from '#http/cors.ts'
import type { ServerEncryption } from '#model/bucket/bucket-encryption.ts'
import type { BucketDefaults } from '#model/bucket/new-bucket.ts'
import type { WebsiteDomain } from '#model/bucket/website/website-host.ts'

/** The part of the server's settings that the console uses. */
export interface ConsoleSettings extends BucketDefaults {
  readonly mode: 'both' | 'api' | 'ui'
  readonly host: string
  readonly isLoopback: boolean
  readonly apiPort: number
  readonly uiPort: number
  readonly apiBaseUrl: string | undefined
  readonly uiBaseUrl: string | undefined
  readonly websiteDomains: readonly WebsiteDomain[]
  readonly region: string
  readonly regions: readonly string[]
  readonly service: string
  readonly storageRoot: string
  readonly durability: string
  readonly metadataEngine: string
  /** Undefined: the index is on this machine. */
  readonly metadataAddress: object | undefined
  readonly storageWatch: boolean
  readonly scrubIntervalMs: number | undefined
  readonly workers: number
  /** Whether requests are recorded. */
  readonly activity: boolean
  /** For buckets without an encryption rule. */
  readonly defaultEncryption: ServerEncryption
  readonly maxUploadBytes: number
  readonly uiPageSize: number
  /** For buckets without CORS rules. */
  readonly cors: CorsSettings
  readonly secretKey: string | undefined
  readonly sessionIdleMs: number
  readonly sessionLifetimeMs: number
  readonly tls: { certPath: string; keyPath: string } | undefined
}
