/**
 * Access keys of a user. A request without a name is about the caller's keys; the caller may also be an account's root.
 */

import { answerPage, pageOf, refuseRoot } from '#iam/reading.ts'
import type { IamRequest, IamRow } from '#iam/request.ts'
import { rules } from '#iam/rules.ts'
import { accessKeyShape, formatDate } from '#iam/shapes.ts'
import { onKeyOwner, onUser } from '#iam/targets.ts'
import { getUser } from '#identity/accounts/users.ts'
import {
  createAccessKey,
  deleteAccessKey,
  getAccessKey,
  type KeyHolder,
  newSecretAccessKey,
} from '#identity/entities/access-key.ts'
import type { Account } from '#identity/entities/account.ts'
import { makerOf } from '#identity/secrets/credential-maker.ts'
import { ApiError } from '#model/errors.ts'

/** Finds the holder of the keys in the given state of the account. NoSuchEntity. */
function holderAsked({ params, caller }: IamRequest): (account: Account) => Holder {
  const name = params.find('UserName', rules.userName) ?? caller.requester.userName
  if (name === undefined) {
    refuseRoot(caller.requester.type !== 'root')
    return (account) => ({ keys: account, name: account.displayName })
  }
  return (account) => {
    const user = getUser(account, name)
    return { keys: user, name: user.name }
  }
}

interface Holder {
  readonly keys: KeyHolder
  readonly name: string
}

export const accessKeyRows: readonly IamRow[] = [
  {
    name: 'CreateAccessKey',
    on: onUser,
    async run(request) {
      const holderIn = holderAsked(request)
      const { caller, identities, change } = request
      const secret = newSecretAccessKey()
      const sealed = identities.secrets.format(secret)
      const maker = makerOf(caller, identities.directory)
      return change((account, nowMs) => {
        const { keys, name } = holderIn(account)
        const key = createAccessKey(keys, { account: account.id, secret: sealed, maker, nowMs })
        const { CreateDate, ...shape } = accessKeyShape(name, key)
        return { AccessKey: { ...shape, SecretAccessKey: secret, CreateDate } }
      })
    },
  },
  {
    name: 'ListAccessKeys',
    on: onUser,
    run(request) {
      const { keys: holder, name } = holderAsked(request)(request.account)
      const page = pageOf(request.params, holder.keys, ({ id }) => id)
      return { UserName: name, ...answerPage('AccessKeyMetadata', page, (key) => accessKeyShape(name, key)) }
    },
  },
  {
    name: 'UpdateAccessKey',
    on: onUser,
    async run(request) {
      const holderIn = holderAsked(request)
      const id = request.params.get('AccessKeyId', rules.accessKeyId)
      const status = request.params.findChoice('Status', ['Active', 'Inactive'])
      if (status === undefined) throw new ApiError('ValidationError', { message: 'The status must be given.' })
      await request.change((account) => {
        getAccessKey(holderIn(account).keys, id).status = status
      })
      return undefined
    },
  },
  {
    name: 'DeleteAccessKey',
    on: onUser,
    async run(request) {
      const holderIn = holderAsked(request)
      const id = request.params.get('AccessKeyId', rules.accessKeyId)
      await request.change((account) => deleteAccessKey(holderIn(account).keys, id))
      return undefined
    },
  },
  {
    name: 'GetAccessKeyLastUsed',
    on: onKeyOwner,
    run({ params, account, identities }) {
      const id = params.get('AccessKeyId', rules.accessKeyId)
      const user = account.users.find(({ keys }) => keys.some((key) => key.id === id))
      if (user === undefined && !account.keys.some((key) => key.id === id)) {
        throw new ApiError('NoSuchEntity', { message: `The Access Key with id ${id} cannot be found.` })
      }
      const use = identities.lastUsed.find(id)
      const lastUsed =
        use === undefined
          ? { ServiceName: 'N/A', Region: 'N/A' }
          : {
              LastUsedDate: formatDate(new Date(use.atMs).toISOString()),
              ServiceName: use.service,
              Region: use.region,
            }
      return { UserName: user?.name ?? account.displayName, AccessKeyLastUsed: lastUsed }
    },
  },
]
