/** Notes why an authentication failed, for the account's administrators: in the journal, and a hint in the log. */
import type { Identity } from '#identity/identity.ts'
import type { ApiError } from '#model/errors.ts'
import { diagnoseMismatch } from '#signature/diagnose.ts'
import type { DecisionJournal } from './decision-journal.ts'

export interface FailedAuthentication {
  readonly error: ApiError
  readonly identity: Identity
  readonly hosts: readonly string[]
  readonly region: string
  readonly sourceAddress?: string | undefined
}

/** Undefined if the failure explains itself. */
export function hintOf({ error, identity, hosts, region }: FailedAuthentication): string | undefined {
  const { code, fields } = error
  switch (code) {
    case 'SignatureDoesNotMatch':
      return fields.CanonicalRequest === undefined
        ? 'The secret is most likely not the one of this access key.'
        : diagnoseMismatch({
            canonicalRequest: String(fields.CanonicalRequest),
            stringToSign: String(fields.StringToSign),
            signature: String(fields.SignatureProvided),
            secretAccessKey: identity.secretAccessKey,
            hosts,
          })
    case 'RequestTimeTooSkewed':
      return clockHint(String(fields.RequestTime), String(fields.ServerTime))
    case 'AuthorizationHeaderMalformed':
    case 'AuthorizationQueryParametersError':
      return fields.Region === undefined
        ? error.message
        : `The client signs for another region: set its region to "${region}", or this server's AWS_REGION.`
    default:
      return undefined
  }
}

export function recordFailure(journal: DecisionJournal, failed: FailedAuthentication, hint: string): string {
  const { error, identity, sourceAddress } = failed
  const { type, arn, account, userName } = identity.requester
  return journal.record(() => ({
    outcome: 'Deny',
    code: error.code,
    message: error.message,
    requester: {
      type,
      arn,
      account,
      accessKeyId: identity.accessKeyId,
      ...(userName === undefined ? {} : { userName }),
    },
    sourceAddress,
    hint,
  }))
}

/** `20261124T020000Z` and ISO 8601. */
function clockHint(requestTime: string, serverTime: string): string | undefined {
  const iso = requestTime.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  const minutes = Math.round((Date.parse(iso) - Date.parse(serverTime)) / 60_000)
  if (Number.isNaN(minutes)) return undefined
  return `The client's clock is ${Math.abs(minutes)} minutes ${minutes < 0 ? 'slow' : 'fast'}, by this server's.`
}
