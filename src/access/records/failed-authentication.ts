/** Records why an authentication failed, for the account's administrators: in the journal, and as a hint in the log. */
import type { Identity } from '#identity/identity.ts'
import type { ApiError } from '#model/errors.ts'
import { anonymousRequester } from '#policy/requester.ts'
import { diagnoseMismatch } from '#signature/diagnose.ts'
import type { DecisionJournal } from './decision-journal.ts'

export interface FailedAuthentication {
  readonly error: ApiError
  /** As the request names it; '' if it names none. */
  readonly accessKeyId: string
  /** The user of that key; undefined if there is no such key. */
  readonly identity: Identity | undefined
  readonly hosts: readonly string[]
  readonly acceptedHosts: readonly string[]
  readonly isProxied: boolean
  readonly sourceAddress: string | undefined
  /** The server's own account. Its administrators see attempts with unknown keys. */
  readonly ownAccount: string
}

/** Undefined if the error needs no hint. */
export function hintOf({ error, identity, ...mismatched }: FailedAuthentication): string | undefined {
  const { code, fields } = error
  if (code === 'AccessDenied') return refusalHint(error)
  if (identity === undefined) return undefined
  switch (code) {
    case 'SignatureDoesNotMatch':
      if (fields.ParametersNotSigned !== undefined) {
        return `Signature Version 2 does not cover these parameters: ${fields.ParametersNotSigned}. Sign with Version 4.`
      }
      return fields.CanonicalRequest === undefined
        ? 'The secret is most likely not the one of this access key.'
        : diagnoseMismatch({
            canonicalRequest: String(fields.CanonicalRequest),
            stringToSign: String(fields.StringToSign),
            signature: String(fields.SignatureProvided),
            secretAccessKey: identity.secretAccessKey,
            hosts: mismatched.hosts,
            acceptedHosts: mismatched.acceptedHosts,
            isProxied: mismatched.isProxied,
          })
    case 'RequestTimeTooSkewed':
      return clockHint(String(fields.RequestTime), String(fields.ServerTime))
    case 'AuthorizationHeaderMalformed':
    case 'AuthorizationQueryParametersError':
      return scopeHint(error)
    default:
      return undefined
  }
}

export function recordFailure(
  journal: DecisionJournal,
  failed: Omit<FailedAuthentication, 'hosts' | 'acceptedHosts' | 'isProxied'>,
  hint: string,
): string {
  const { error, accessKeyId, identity, sourceAddress, ownAccount } = failed
  const { type, arn, account, userName } = identity?.requester ?? anonymousRequester
  return journal.record(() => ({
    outcome: 'Deny',
    code: error.code,
    message: error.message,
    requester: {
      type,
      arn,
      account,
      accessKeyId: identity?.accessKeyId ?? nameOfNobody(accessKeyId),
      ...(userName === undefined ? {} : { userName }),
    },
    ...(identity === undefined ? { account: ownAccount } : {}),
    sourceAddress,
    hint,
  }))
}

/**
 * A secret may have been typed into the field of the name. A name that does not look like an access key is hidden, as
 * on AWS.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
 */
function nameOfNobody(claimed: string): string {
  return claimed === '' || /^A[KS]IA[A-Z0-9]{16}$/.test(claimed) ? claimed : 'HIDDEN_DUE_TO_SECURITY_REASONS'
}

function scopeHint({ message, fields }: ApiError): string {
  if (fields.Region !== undefined) {
    return `The client signs for another region: set its region to "${fields.Region}", or name its own in REGIONS.`
  }
  const wanted = /service .*belongs to "(\w+)"/.exec(message)?.[1]
  return wanted === undefined ? message : `The client signs for another service than "${wanted}".`
}

/** The hint if the credentials may be right, but are not valid for this request or at this time. */
function refusalHint({ message, fields, cause }: ApiError): string {
  if (cause instanceof Error) return cause.message
  if (fields.HeadersNotSigned !== undefined) {
    return `Not signed, but received: ${fields.HeadersNotSigned}. The client or a proxy has added it since.`
  }
  if (/not valid yet/.test(message))
    return 'The URL is dated in the future: the client’s clock is fast, or this server’s is slow.'
  if (fields.Expires === undefined) return message
  const minutes = Math.round((Date.parse(String(fields.ServerTime)) - Date.parse(String(fields.Expires))) / 60_000)
  return `The URL expired ${minutes} minutes ago, by this server's clock.`
}

/** `20261124T020000Z`, or any other date, as ISO 8601. */
function clockHint(requestTime: string, serverTime: string): string | undefined {
  const iso = requestTime.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  const minutes = Math.round((Date.parse(iso) - Date.parse(serverTime)) / 60_000)
  if (Number.isNaN(minutes)) return undefined
  return `The client's clock is ${Math.abs(minutes)} minutes ${minutes < 0 ? 'slow' : 'fast'}, by this server's.`
}
