/** Keys by id, ARN, alias name or alias ARN. */
import { accountPart } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'
import type { KeyPlace, KeyState, KeyView } from './data-keys.ts'
import type { Alias, KeyDocument, KeyEntry } from './key-document.ts'

export const keyArn = ({ account, region }: KeyPlace, id: string): string =>
  `arn:aws:kms:${region}:${accountPart(account)}:key/${id}`

export const aliasArn = ({ account, region }: KeyPlace, name: string): string =>
  `arn:aws:kms:${region}:${accountPart(account)}:${name}`

/** The ARN that a name would have, whether the key exists or not. */
export function arnOfName(keyId: string, place: KeyPlace): string {
  if (keyId.startsWith('arn:')) return keyId
  return keyId.startsWith('alias/') ? aliasArn(place, keyId) : keyArn(place, keyId)
}

/** The account and region of an ARN; empty ones if it is not an ARN. */
export function placeOf(arn: string): KeyPlace {
  const [, , , region = '', account = ''] = arn.split(':')
  return { account, region }
}

export function stateOf({ isEnabled, deletesAt }: KeyEntry): KeyState {
  if (deletesAt !== undefined) return 'PendingDeletion'
  return isEnabled ? 'Enabled' : 'Disabled'
}

export function viewOf(document: KeyDocument, key: KeyEntry): KeyView {
  const { id, account, region, manager, tags, policy, principals = {} } = key
  const aliases = document.aliases.filter(({ keyId }) => keyId === id).map(({ name }) => name)
  const state = stateOf(key)
  return { id, arn: keyArn(key, id), account, region, state, manager, aliases, tags, policy, principals }
}

/** KMS.NotFoundException if it cannot be the name of a key in this region. */
export function assertKeyName(keyId: string, place: KeyPlace): void {
  parseName(keyId, place)
}

/** KMS.NotFoundException. */
export function getKey(document: KeyDocument, keyId: string, place: KeyPlace): KeyEntry {
  const named = parseName(keyId, place)
  if (named.kind === 'alias') {
    const alias = findAlias(document, named.name, named.place)
    const key = alias && document.keys.find(({ id }) => id === alias.keyId)
    if (key !== undefined) return key
    throw aliasNotFound(named.place, named.name)
  }
  const isThere = (key: KeyEntry) => key.id === named.name && keyArn(key, key.id) === keyArn(named.place, named.name)
  const key = document.keys.find(isThere)
  if (key !== undefined) return key
  throw notFound(`Key '${keyArn(named.place, named.name)}' does not exist`)
}

export const findAlias = (document: KeyDocument, name: string, { account, region }: KeyPlace): Alias | undefined =>
  document.aliases.find(
    (alias) => alias.name === name && alias.region === region && accountPart(alias.account) === accountPart(account),
  )

/** KMS.DisabledException, KMS.KMSInvalidStateException. */
export function assertUsable(key: KeyEntry): void {
  const state = stateOf(key)
  const arn = keyArn(key, key.id)
  if (state === 'Disabled') throw new ApiError('KMS.DisabledException', { message: `${arn} is disabled.` })
  if (state === 'PendingDeletion') {
    throw new ApiError('KMS.KMSInvalidStateException', { message: `${arn} is pending deletion.` })
  }
}

interface Named {
  readonly kind: 'key' | 'alias'
  readonly name: string
  readonly place: KeyPlace
}

const keyIdForm = /^(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i

function parseName(keyId: string, place: KeyPlace): Named {
  const [, region, account, resource] = /^arn:aws[a-z-]*:kms:([^:]*):([^:]*):(.+)$/.exec(keyId) ?? []
  if (resource === undefined || region === undefined || account === undefined) {
    if (keyId.startsWith('arn:')) throw notFound(`Invalid arn ${keyId}`)
    return parseResource(keyId.startsWith('alias/') ? keyId : `key/${keyId}`, keyId, place)
  }
  if (region !== place.region) throw notFound(`Invalid arn ${region}`)
  return parseResource(resource, keyId, { account, region })
}

function parseResource(resource: string, given: string, place: KeyPlace): Named {
  if (resource.startsWith('alias/')) return { kind: 'alias', name: resource, place }
  const id = resource.startsWith('key/') ? resource.slice('key/'.length) : ''
  if (!keyIdForm.test(id)) throw notFound(`Invalid keyId '${given}'`)
  return { kind: 'key', name: id.toLowerCase(), place }
}

export const aliasNotFound = (place: KeyPlace, name: string): ApiError =>
  notFound(`Alias ${aliasArn(place, name)} is not found.`)

const notFound = (message: string): ApiError => new ApiError('KMS.NotFoundException', { message })
