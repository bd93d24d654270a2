import { accountOfKeyId } from '#identity/entities/access-key.ts'
import { ApiError } from '#model/errors.ts'
import { rules } from './reading.ts'
import { signed } from './request.ts'

/**
 * Needs no permission, and cannot be denied.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */
export const getCallerIdentity = signed('GetCallerIdentity', ({ caller }) => {
  const { userId, account, arn } = caller.requester
  return { Arn: arn, UserId: userId, Account: account }
})

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html */
export const getAccessKeyInfo = signed('GetAccessKeyInfo', ({ params, identities, authorize }) => {
  const id = params.get('AccessKeyId', rules.accessKeyId)
  authorize('sts:GetAccessKeyInfo', { arn: '*' })
  const account = identities.directory.findKey(id)?.account.id ?? accountOfKeyId(id)
  if (account === undefined)
    throw new ApiError('ValidationError', { message: `${id} is not an access key of any account.` })
  return { Account: account }
})
