import { ApiError } from '#model/errors.ts'

/** The regions. One server serves all of them: they are names that clients sign for and that buckets are created in. */
export interface Regions {
  /** The server's own region. */
  readonly region: string
  /** Further regions; `*` stands for any. */
  readonly regions: readonly string[]
}

export const anyRegion = '*'

export function hasRegion({ region, regions }: Regions, name: string): boolean {
  return name === region || regions.includes(name) || (regions.includes(anyRegion) && /^[a-z0-9-]{1,63}$/.test(name))
}

/**
 * The region of a new bucket. `location`: as requested, '' if not given. InvalidLocationConstraint,
 * IllegalLocationConstraintException.
 */
export function regionOfBucket(location: string, regions: Regions): string {
  // Buckets without a location are in us-east-1.
  if (location === 'us-east-1')
    throw new ApiError('InvalidLocationConstraint', { fields: { LocationConstraint: location } })
  if (location === '' || location === regions.region) return regions.region
  const name = signedRegionOf(location)
  const isNamed = name === regions.region || regions.regions.includes(name)
  if (!isNamed && !/^[a-z]{2}(-[a-z]+)+-\d$/.test(name)) {
    throw new ApiError('InvalidLocationConstraint', { fields: { LocationConstraint: location } })
  }
  if (hasRegion(regions, name)) return name === regions.region ? name : location
  throw new ApiError('IllegalLocationConstraintException', {
    message: `The ${location} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  })
}

/** The region in signatures of requests to a bucket: `EU` is the first name of eu-west-1. */
export const signedRegionOf = (location: string): string => (location === 'EU' ? 'eu-west-1' : location)
