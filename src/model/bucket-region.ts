import { ApiError } from './errors.ts'

/**
 * Where a new bucket says it is: `location` as asked for, '' if it was not; `region` of the server. `EU` is what eu-west-1 was called
 * first. InvalidLocationConstraint, IllegalLocationConstraintException.
 */
export function regionOfBucket(location: string, region: string): string {
  // It is where buckets are that name none.
  if (location === 'us-east-1')
    throw new ApiError('InvalidLocationConstraint', { fields: { LocationConstraint: location } })
  if (location === '' || location === region || (location === 'EU' && region === 'eu-west-1')) return region
  if (location !== 'EU' && !/^[a-z]{2}(-[a-z]+)+-\d$/.test(location)) {
    throw new ApiError('InvalidLocationConstraint', { fields: { LocationConstraint: location } })
  }
  // The endpoint of us-east-1 makes buckets for every region; the others only for their own.
  if (region === 'us-east-1') return location
  throw new ApiError('IllegalLocationConstraintException', {
    message: `The ${location} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  })
}
