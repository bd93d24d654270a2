/**
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html The encoded message of a
 * denial is the id in the header x-myfsio-decision-id. The decision is kept for some time.
 */
import type { DecisionRecord } from '#access/records/decision-journal.ts'
import { concerns, shownTo } from '#access/records/visible-decision.ts'
import { ApiError } from '#model/errors.ts'
import { signed } from './request.ts'

export const decodeAuthorizationMessage = signed('DecodeAuthorizationMessage', async (request) => {
  const { params, caller, journal } = request
  const id = params.get('EncodedMessage', { min: 1, max: 10_240 })
  request.authorize('sts:DecodeAuthorizationMessage', { arn: '*' })
  const record = /^[0-9a-f]{16}$/.test(id) ? await journal.find(id) : undefined
  if (record === undefined || !concerns(record, caller.account)) {
    throw new ApiError('InvalidAuthorizationMessageException')
  }
  return { DecodedMessage: JSON.stringify(decoded(shownTo(caller.account, record))) }
})

/** AWS's fields, and the whole trace as another one. */
function decoded({ requester, request, decision, policies = [], outcome, message, hint }: DecisionRecord) {
  const matched = policies.flatMap(({ policy, statements }) =>
    statements.filter(({ applies }) => applies).map(({ statement, effect }) => ({ policy, statement, effect })),
  )
  return {
    allowed: outcome === 'Allow',
    explicitDeny: decision?.reason === 'explicit-deny',
    matchedStatements: { items: matched },
    failures: { items: [] },
    context: {
      principal: { id: requester.accessKeyId, arn: requester.arn },
      action: request?.action,
      resource: request?.resource,
      conditions: { items: [] },
    },
    message,
    ...(hint === undefined ? {} : { hint }),
    policies,
  }
}
