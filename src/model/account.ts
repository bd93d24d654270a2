/** Who may own things. */
export interface Owner {
  /** 64 hex digits, as AWS's canonical user ids. */
  readonly canonicalId: string
  readonly displayName: string
}

/** Who is calling, once authenticated. Anonymous callers are `anonymous`. */
export interface Principal extends Owner {
  readonly accessKeyId: string
  readonly isAnonymous: boolean
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html names anonymous by this id. */
export const anonymous: Principal = {
  canonicalId: '65a011a29cdf8ec533ec3d1ccaae921c',
  displayName: 'anonymous',
  accessKeyId: '',
  isAnonymous: true,
}
