/**
 * Key policies of the KMS, as they apply now. Like bucket policies they mean users and roles by unique id: each key
 * keeps the ids of the principals in its policy, as of its put.
 */
import type { PolicyText } from '#identity/entities/entity.ts'
import { compiled } from '#identity/iam-document/policy-text.ts'
import { type Bindings, bindingsOf, followed, namesIn, type Principals } from '#identity/principals/bound-principals.ts'
import type { KeyView } from '#keyring/data-keys.ts'
import type { KeyDocument, KeyEntry } from '#keyring/key-document.ts'
import { keyArn, viewOf } from '#keyring/key-lookup.ts'
import { ApiError } from '#model/errors.ts'
import { parsePolicy } from '#policy/document/parse-policy.ts'
import type { NamedPolicy } from '#policy/evaluate/evaluate.ts'

/** The document of the keys. */
export interface KeyPolicySource {
  readonly keys: KeyDocument
  update(change: (value: KeyDocument) => KeyDocument): Promise<KeyDocument>
}

export interface KeyPolicyOptions {
  readonly principals: Principals
  readonly principalExists: (name: string) => boolean
}

type Held = Pick<KeyView, 'policy' | 'principals'>

export class KeyPolicyBook {
  readonly #source: KeyPolicySource
  readonly #options: KeyPolicyOptions
  readonly #followed = new WeakMap<object, { readonly state: object; readonly policy: unknown }>()

  constructor(source: KeyPolicySource, options: KeyPolicyOptions) {
    this.#source = source
    this.#options = options
  }

  /** Finds a key by ARN. */
  find(arn: string): KeyView | undefined {
    const { keys } = this.#source
    const key = keys.keys.find((one) => keyArn(one, one.id) === arn)
    return key && viewOf(keys, key)
  }

  /** Parses a policy that is put, with the ids of its principals. KMS.MalformedPolicyDocumentException. */
  parse(json: string): Pick<KeyEntry, 'policy' | 'principals'> {
    const { principalExists, principals } = this.#options
    parsePolicy(json, 'key', { principalExists })
    const policy = JSON.parse(json) as PolicyText
    return { policy, principals: bindingsOf(policy, principals) }
  }

  /** The policy with the present names of its principals. */
  format(key: Held): string {
    return JSON.stringify(this.#followedOf(key), null, 2)
  }

  /** `invalid`: it was edited by hand and is not a policy any more. */
  policyOf(key: Held & Pick<KeyView, 'arn'>): NamedPolicy | 'invalid' {
    const policy = this.#followedOf(key)
    if (!isRecord(policy)) return 'invalid'
    try {
      return { name: key.arn, policy: compiled(policy, 'key') }
    } catch (error) {
      if (error instanceof ApiError) return 'invalid'
      throw error
    }
  }

  /** Whether every policy that names a principal of these ids has its id. */
  areBound(ids: ReadonlySet<string>): boolean {
    const { principals } = this.#options
    return this.#source.keys.keys.every(({ policy, principals: bound = {} }) =>
      namesIn(policy).every((name) => bound[name] !== undefined || !ids.has(principals.idOf(name) ?? '')),
    )
  }

  /** Writes every policy with the present names of its principals, and with their ids. */
  async settle(): Promise<void> {
    const { principals } = this.#options
    if (this.#source.keys.keys.length === 0) return
    await this.#source.update((value) => ({
      ...value,
      keys: value.keys.map((key) => {
        const policy = followed(key.policy, key.principals ?? {}, principals)
        return { ...key, policy, principals: bindingsOf(policy, principals) }
      }),
    }))
  }

  #followedOf({ policy, principals: bindings }: { policy: unknown; principals: Bindings }): unknown {
    if (!isRecord(policy)) return policy
    const { principals } = this.#options
    const known = this.#followed.get(policy)
    if (known?.state === principals.state) return known.policy
    const fresh = followed(policy, bindings, principals)
    this.#followed.set(policy, { state: principals.state, policy: fresh })
    return fresh
  }
}

const isRecord = (value: unknown): value is PolicyText =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
