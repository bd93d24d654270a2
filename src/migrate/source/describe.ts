/** Describes a version from the headers of an answer. */
import type { GetObjectCommandOutput, HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import { type Checksum, checksumAlgorithms, type ObjectHeaders } from '#model/object/object.ts'
import type { RequestedLock } from '#objects/versions/lock-object.ts'
import type { Description } from './source.ts'

type Answer = Omit<HeadObjectCommandOutput | GetObjectCommandOutput, 'Body'>

export function descriptionOf(answer: Answer): Description {
  return {
    headers: headersOf(answer),
    userMetadata: answer.Metadata ?? {},
    storageClass: answer.StorageClass,
    websiteRedirectLocation: answer.WebsiteRedirectLocation,
    encryption: answer.SSECustomerAlgorithm === undefined ? answer.ServerSideEncryption : 'SSE-C',
    tagCount: 'TagCount' in answer ? answer.TagCount : undefined,
    checksum: checksumOf(answer),
    lock: lockOf(answer),
    missingMetadata: answer.MissingMeta ?? 0,
  }
}

function headersOf(answer: Answer): ObjectHeaders {
  // Some servers store the transfer encoding aws-chunked too.
  const encoding = answer.ContentEncoding?.split(',')
    .map((one) => one.trim())
    .filter((one) => one !== 'aws-chunked' && one !== '')
    .join(',')
  return {
    ...(answer.ContentType !== undefined && { contentType: answer.ContentType }),
    ...(encoding && { contentEncoding: encoding }),
    ...(answer.ContentDisposition !== undefined && { contentDisposition: answer.ContentDisposition }),
    ...(answer.ContentLanguage !== undefined && { contentLanguage: answer.ContentLanguage }),
    ...(answer.CacheControl !== undefined && { cacheControl: answer.CacheControl }),
    ...(answer.ExpiresString !== undefined && { expires: answer.ExpiresString }),
  }
}

/** CRC64NVME comes last: this server computes it for every object anyway. */
const preferred = [...checksumAlgorithms.filter((one) => one !== 'CRC64NVME'), 'CRC64NVME'] as const

function checksumOf(answer: Answer): Checksum | undefined {
  const values = answer as Readonly<Record<string, unknown>>
  for (const algorithm of preferred) {
    const value = values[`Checksum${algorithm}`]
    if (typeof value !== 'string' || value === '') continue
    const isComposite = answer.ChecksumType === 'COMPOSITE' || /-\d+$/.test(value)
    return { algorithm, type: isComposite ? 'COMPOSITE' : 'FULL_OBJECT', value }
  }
  return undefined
}

function lockOf(answer: Answer): RequestedLock | undefined {
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until, ObjectLockLegalHoldStatus: hold } = answer
  const { ObjectLockEventHold: event, ObjectLockEventHoldDurationDays: days } = answer
  const years = answer.ObjectLockEventHoldDurationYears
  const isHeld = event === 'ON' && (days !== undefined || years !== undefined)
  const unit = years === undefined ? { days: days ?? 0 } : { years }
  const isDated = mode !== undefined && (until !== undefined || isHeld)
  if (!isDated && hold === undefined) return undefined
  return {
    ...(isDated && {
      retention: {
        mode,
        // During an event hold this date is only the one that a release now would set.
        ...(until !== undefined && !isHeld && { untilMs: until.getTime() }),
        ...(isHeld && { eventHold: 'ON' as const, holdPeriod: unit }),
      },
    }),
    ...(hold !== undefined && { legalHold: hold }),
  }
}
