/** Aliases. A change needs the permission on the alias, by the caller's own policies, and on each key concerned. */
import { assertAliasName, createAlias, deleteAlias, updateAlias } from '#keyring/changes/aliases.ts'
import type { Alias, KeyEntry } from '#keyring/key-document.ts'
import { aliasArn, aliasNotFound, arnOfName, findAlias, placeOf } from '#keyring/key-lookup.ts'
import { accountPart } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'
import { type KmsRequest, type KmsRow, refuseAlias } from './request.ts'
import { rules } from './rules.ts'
import { answerPage, seconds } from './shapes.ts'

export const aliasRows: readonly KmsRow[] = [
  {
    name: 'CreateAlias',
    async run(request) {
      const { keyring, place } = request
      const name = readName(request)
      request.authorizeArn('kms:CreateAlias', aliasArn(place, name))
      const key = request.authorizedKey('kms:CreateAlias', readTarget(request))
      await createAlias(keyring, place, name, key)
      return undefined
    },
  },
  {
    name: 'UpdateAlias',
    async run(request) {
      const { keyring, place } = request
      const name = readName(request)
      request.authorizeArn('kms:UpdateAlias', aliasArn(place, name))
      const alias = getAlias(request, name)
      request.authorizedKey('kms:UpdateAlias', alias.keyId)
      const key = request.authorizedKey('kms:UpdateAlias', readTarget(request))
      await updateAlias(keyring, alias, key)
      return undefined
    },
  },
  {
    name: 'DeleteAlias',
    async run(request) {
      const { keyring, place } = request
      const name = readName(request)
      request.authorizeArn('kms:DeleteAlias', aliasArn(place, name))
      const alias = getAlias(request, name)
      request.authorizedKey('kms:DeleteAlias', alias.keyId)
      await deleteAlias(keyring, alias)
      return undefined
    },
  },
  {
    name: 'ListAliases',
    run(request) {
      const { input, keyring, place } = request
      const keyId = input.find('KeyId', rules.keyId)
      request.authorizeArn('kms:ListAliases', '*')
      const key = keyId === undefined ? undefined : getOwnKey(request, keyId)
      const isListed = (alias: Alias) =>
        alias.account === place.account &&
        alias.region === place.region &&
        (key === undefined || alias.keyId === key.id)
      return answerPage(input, {
        member: 'Aliases',
        list: keyring.keys.aliases.filter(isListed),
        keyOf: ({ name }) => name,
        shape: (alias) => ({
          AliasName: alias.name,
          AliasArn: aliasArn(alias, alias.name),
          TargetKeyId: alias.keyId,
          CreationDate: seconds(alias.createdAt),
          LastUpdatedDate: seconds(alias.updatedAt),
        }),
        usual: 50,
      })
    },
  },
]

/** KMS.NotFoundException, also for keys of other accounts. */
function getOwnKey({ keyring, place }: KmsRequest, keyId: string): KeyEntry {
  refuseAlias(keyId)
  return keyring.get(placeOf(arnOfName(keyId, place)).account === accountPart(place.account) ? keyId : '', place)
}

/** ValidationException, KMS.NotAuthorizedException. */
function readName({ input }: KmsRequest): string {
  const name = input.get('AliasName', rules.aliasName)
  assertAliasName(name)
  return name
}

/** ValidationException: the target of an alias cannot be an alias. */
function readTarget({ input }: KmsRequest): string {
  const target = input.get('TargetKeyId', rules.keyId)
  if (!/^(arn:[^/]*:)?alias\//.test(target)) return target
  throw new ApiError('ValidationException', { message: 'Aliases must refer to keys. Not aliases' })
}

function getAlias({ keyring, place }: KmsRequest, name: string): Alias {
  const alias = findAlias(keyring.keys, name, place)
  if (alias === undefined) throw aliasNotFound(place, name)
  return alias
}
