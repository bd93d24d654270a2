import { requestContext } from '#http/query/context.ts'
import { accountOfKeyId } from '#identity/access-key.ts'
import { ApiError } from '#model/errors.ts'
import { rules } from './reading.ts'
import { signed } from './request.ts'

/** Needs no permission, and cannot be denied. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export const getCallerIdentity = signed('GetCallerIdentity', ({ caller }) => {
  const { userId, account, arn } = caller.requester
  return { Arn: arn, UserId: userId, Account: account }
})

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html */
export const getAccessKeyInfo = signed('GetAccessKeyInfo', ({ params, caller, identities, gatekeeper, received }) => {
  const id = params.get('AccessKeyId', rules.accessKeyId)
  const resource = { arn: '*', account: caller.account, context: requestContext(received) }
  gatekeeper.authorizeArn(caller, 'sts:GetAccessKeyInfo', resource)
  const account = identities.directory.findKey(id)?.account.id ?? accountOfKeyId(id)
  if (account === undefined)
    throw new ApiError('ValidationError', { message: `${id} is no access key of any account here.` })
  return { Account: account }
})
