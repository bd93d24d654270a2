/** KMS: authenticate → run, which authorizes. https://docs.aws.amazon.com/kms/latest/APIReference/ */
import { factsOfQuery } from '#access/caller/query-facts.ts'
import { AllowedDecisions } from '#access/decide/allowed-decisions.ts'
import { isUnexplained, strangerToKey } from '#access/decide/denial.ts'
import type { Gatekeeper } from '#access/decide/gatekeeper.ts'
import type { JsonRequest, JsonService } from '#http/aws-json/service.ts'
import { Identity } from '#identity/identity.ts'
import type { KeyPolicyBook } from '#identity/key-policies/key-policies.ts'
import type { KeyEntry } from '#keyring/key-document.ts'
import { arnOfName, assertKeyName, viewOf } from '#keyring/key-lookup.ts'
import type { LocalKeyring } from '#keyring/local-keyring.ts'
import { accountPart } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'
import { operations } from './operations.ts'
import type { AskedKey, KmsRequest, KmsRow } from './request.ts'

export interface KmsServices {
  readonly gatekeeper: Gatekeeper
  readonly keyring: LocalKeyring
  readonly keyPolicies: KeyPolicyBook
  readonly settings: { readonly region: string }
}

export function createKmsService(services: KmsServices): JsonService {
  const rows = new Map(operations.map((row) => [row.name, row]))
  if (rows.size !== operations.length) throw new Error('Two operations of KMS have the same name')
  return {
    name: 'kms',
    target: 'TrentService',
    internalError: 'KMS.KMSInternalException',
    find(name) {
      const row = rows.get(name)
      return row && ((request) => run(row, request, services))
    },
  }
}

async function run(row: KmsRow, received: JsonRequest, services: KmsServices) {
  const { gatekeeper, settings } = services
  const proven = await gatekeeper.authenticate({ ...received.signable, socket: received.socket }, { service: 'kms' })
  const { principal } = proven
  received.principal = principal
  received.allowed = new AllowedDecisions()
  if (!(principal instanceof Identity)) throw new ApiError('MissingAuthenticationToken')
  const region = proven.region || settings.region
  const facts = factsOfQuery(received, proven)
  const request = requestOf(received, services, { caller: principal, region, facts })
  try {
    return await runOnNewestKeys(row, request)
  } catch (error) {
    if (!isUnexplained(error)) throw error
    const arn = arnOfName(received.input.find('KeyId') ?? '', request.place)
    const resource = { arn, account: principal.account }
    throw gatekeeper.recordArnRefusal(error, principal, `kms:${row.name}`, resource, facts)
  }
}

/**
 * Retries with the newest keys, so that a key that another node has just created is found. A refused attempt has
 * changed nothing.
 */
async function runOnNewestKeys(row: KmsRow, request: KmsRequest) {
  try {
    return await row.run(request)
  } catch (error) {
    const mayBeNew = error instanceof ApiError && unknownKeyCodes.has(error.code)
    if (mayBeNew && (await request.keyring.looksAgain())) return row.run(request)
    throw error
  }
}

const unknownKeyCodes: ReadonlySet<string> = new Set(['KMS.NotFoundException', 'KMS.InvalidCiphertextException'])

interface Asking {
  readonly caller: Identity
  readonly region: string
  readonly facts: ReturnType<typeof factsOfQuery>
}

function requestOf({ input }: JsonRequest, services: KmsServices, { caller, region, facts }: Asking): KmsRequest {
  const { gatekeeper, keyring, keyPolicies } = services
  const place = { account: caller.account, region }
  const question = (action: string, key: KeyEntry, { context, keys = {} }: AskedKey, alias?: string) => ({
    action,
    key: viewOf(keyring.keys, key),
    context,
    alias,
    keys: { ...facts.keys, ...keys },
  })
  const authorizeKey = (action: string, key: KeyEntry, more: AskedKey = {}, alias?: string) =>
    gatekeeper.authorizeKey(caller, question(action, key, more, alias), facts)

  /** A caller without the permission does not learn which keys exist. */
  const refusalOf = (error: unknown, action: string, keyId: string) => {
    const arn = arnOfName(keyId, place)
    const resource = { arn, account: caller.account }
    const isOwn = arn.split(':')[4] === accountPart(caller.account)
    if (isOwn && gatekeeper.mayArn(caller, action, resource, facts)) return error
    const message = strangerToKey({ principal: caller.requester, action })
    const refusal = new ApiError('AccessDenied', { message, cause: error })
    return gatekeeper.recordArnRefusal(refusal, caller, action, resource, facts)
  }

  return {
    input,
    caller,
    place,
    keyring,
    policies: keyPolicies,
    authorizeKey,
    authorizedKey(action, keyId, more) {
      assertKeyName(keyId, place)
      let key: KeyEntry
      try {
        key = keyring.get(keyId, place)
      } catch (error) {
        throw refusalOf(error, action, keyId)
      }
      const alias = /(?:^|:)(alias\/.+)$/.exec(keyId)?.[1]
      authorizeKey(action, key, more, alias)
      return key
    },
    mayKey: (action, key) => gatekeeper.mayKey(caller, question(action, key, {}), facts),
    authorizeArn(action, arn, keys = {}) {
      const resource = { arn, account: caller.account }
      gatekeeper.authorizeArn(caller, action, resource, { ...facts, keys: { ...facts.keys, ...keys } })
    },
  }
}
