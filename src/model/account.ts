/** Owners and principals. */
export interface Owner {
  /** 64 hex digits, like AWS's canonical user ids. */
  readonly canonicalId: string
  readonly displayName: string
}

/** The caller, once authenticated. Anonymous callers are `anonymous`. */
export interface Principal extends Owner {
  readonly accessKeyId: string
  readonly isAnonymous: boolean
}

/** The id of anonymous requesters in https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html */
export const anonymous: Principal = {
  canonicalId: '65a011a29cdf8ec533ec3d1ccaae921c',
  displayName: 'anonymous',
  accessKeyId: '',
  isAnonymous: true,
}

/** The account without a number: ARNs leave its part empty. */
export const numberless = 'none'

/** The account's part of an ARN. */
export const accountPart = (account: string): string => (account === numberless ? '' : account)
