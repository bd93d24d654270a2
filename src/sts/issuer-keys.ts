/**
 * The public keys of issuers: from a file, or from the URL in their discovery document. They are cached for some time,
 * and the cache is bounded.
 */
import { readFile } from 'node:fs/promises'
import { type CryptoKey, createLocalJWKSet, errors, type JSONWebKeySet, type JWSHeaderParameters } from 'jose'
import * as z from 'zod'
import type { OidcProvider } from '#identity/entities/oidc-provider.ts'
import type { Clock } from '#lib/clock.ts'
import { rememberUpTo } from '#lib/remember.ts'
import { ApiError } from '#model/errors.ts'
import { fetchJson } from '#remote/fetch-json.ts'

export interface IssuerKeySettings {
  /** Allows issuers on loopback and private addresses, and without TLS. */
  readonly allowPrivateIssuers: boolean
}

const keptMs = 10 * 60_000
/** An unknown key may be new, but made-up key ids must not cause a fetch each time. */
const askAgainMs = 30_000
const issuersMax = 200

const discoverySchema = z.object({ jwks_uri: z.url() })
const keySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) })

type KeySet = ReturnType<typeof createLocalJWKSet>
interface Kept {
  readonly keys: Promise<KeySet>
  /** By the clock for durations. */
  readonly atMs: number
}

export class IssuerKeys {
  readonly #settings: IssuerKeySettings
  readonly #clock: Clock
  readonly #kept = new Map<string, Kept>()

  constructor(settings: IssuerKeySettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
  }

  /** IDPCommunicationError; a JOSEError if the issuer has no such key. */
  async find(provider: OidcProvider, header: JWSHeaderParameters): Promise<CryptoKey> {
    const kept = this.#keysOf(provider, keptMs)
    try {
      return await (await kept.keys)(header)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      const again = this.#keysOf(provider, askAgainMs)
      if (again === kept) throw error
      return (await again.keys)(header)
    }
  }

  #keysOf(provider: OidcProvider, maxAgeMs: number): Kept {
    const id = JSON.stringify([provider.url, provider.jwksFile, provider.thumbprints])
    const known = this.#kept.get(id)
    const elapsedMs = this.#clock.elapsedMs()
    if (known !== undefined && elapsedMs - known.atMs < maxAgeMs) return known
    const fresh = { keys: this.#load(provider), atMs: elapsedMs }
    fresh.keys.catch(() => {
      // A failed fetch is not cached.
      if (this.#kept.get(id) === fresh) this.#kept.delete(id)
    })
    rememberUpTo(this.#kept, issuersMax, id, fresh)
    return fresh
  }

  async #load(provider: OidcProvider): Promise<KeySet> {
    try {
      const set = provider.jwksFile === undefined ? await this.#fetch(provider) : await readKeyFile(provider.jwksFile)
      return createLocalJWKSet(keySetSchema.parse(set) as JSONWebKeySet)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new ApiError('IDPCommunicationError', {
        message: `The keys of ${provider.url} could not be fetched: ${why}`,
        cause: error,
      })
    }
  }

  async #fetch({ url, thumbprints }: OidcProvider): Promise<unknown> {
    const options = { allowPrivate: this.#settings.allowPrivateIssuers, thumbprints }
    const discovery = await fetchJson(`${url.replace(/\/$/, '')}/.well-known/openid-configuration`, options)
    return fetchJson(discoverySchema.parse(discovery).jwks_uri, options)
  }
}

async function readKeyFile(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'))
}
