/** The data of a KMS operation, and the shapes of rows in operations.ts. */
import type { ConditionKeys } from '#access/caller/query-facts.ts'
import type { JsonInput } from '#http/aws-json/input.ts'
import type { JsonValue } from '#http/aws-json/service.ts'
import type { Identity } from '#identity/identity.ts'
import type { KeyPolicyBook } from '#identity/key-policies/key-policies.ts'
import type { KeyPlace } from '#keyring/data-keys.ts'
import type { KeyEntry } from '#keyring/key-document.ts'
import type { LocalKeyring } from '#keyring/local-keyring.ts'
import { ApiError } from '#model/errors.ts'
import type { EncryptionContext } from '#model/object/encryption.ts'
import { rules } from './rules.ts'

export interface KmsRequest {
  readonly input: JsonInput
  readonly caller: Identity
  /** The caller's account, and the region that the request was signed for. */
  readonly place: KeyPlace
  readonly keyring: LocalKeyring
  readonly policies: KeyPolicyBook
  /** The key of a name, if the caller may do `action` with it. KMS.NotFoundException, AccessDenied. */
  authorizedKey(action: string, keyId: string, more?: AskedKey): KeyEntry
  /** AccessDenied unless the caller may do `action` with the key. */
  authorizeKey(action: string, key: KeyEntry, more?: AskedKey): void
  /** Whether the caller could do `action` with the given state of the key, without a record. */
  mayKey(action: string, key: KeyEntry): boolean
  /** AccessDenied unless the caller's own policies allow `action`. `arn`: the ARN of an alias, or `*`. */
  authorizeArn(action: string, arn: string, keys?: ConditionKeys): void
}

/** The facts about a key that conditions may use. */
export interface AskedKey {
  readonly context?: EncryptionContext
  readonly keys?: ConditionKeys
}

export type Operation<R> = (request: R) => Promise<JsonValue> | JsonValue

export interface KmsRow {
  /** For example `CreateKey`, whose permission is `kms:CreateKey`. */
  readonly name: string
  /** AWS has the operation, this server does not. */
  readonly isUnserved?: true
  readonly run: Operation<KmsRequest>
}

export interface KeyRequest extends KmsRequest {
  /** The key of the request, in any state. The caller may do the operation with it. */
  readonly key: KeyEntry
}

interface KeyRowOptions {
  /** The key may be named by an alias. */
  readonly takesAlias?: true
  readonly asked?: (input: JsonInput) => AskedKey
}

/** A row for an operation on the key in `KeyId`. */
export function keyRow(name: string, run: Operation<KeyRequest>, options: KeyRowOptions = {}): KmsRow {
  return {
    name,
    run(request) {
      const { input } = request
      const keyId = input.get('KeyId', rules.keyId)
      if (options.takesAlias !== true) refuseAlias(keyId)
      const key = request.authorizedKey(`kms:${name}`, keyId, options.asked?.(input))
      return run({ ...request, key })
    },
  }
}

/** KMS.NotFoundException. */
export function refuseAlias(keyId: string): void {
  if (!/^(arn:[^/]*:)?alias\//.test(keyId)) return
  throw new ApiError('KMS.NotFoundException', { message: `Invalid keyId '${keyId}'` })
}
