/** A quota as fields of a form. */
import { assertQuotaLimits, type BucketQuota } from '#model/bucket/quota.ts'
import { refusalOf } from '#model/errors.ts'

export interface TypedQuota {
  readonly size: string
  readonly unit: string
  readonly objects: string
}

/** The factor of each unit. */
export const units = { bytes: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const
type Unit = keyof typeof units
const largestFirst: readonly Unit[] = ['TiB', 'GiB', 'MiB', 'KiB', 'bytes']

export const typedIn = (form: URLSearchParams): TypedQuota => ({
  size: form.get('size')?.trim() ?? '',
  unit: form.get('unit') ?? 'GiB',
  objects: form.get('objects')?.trim() ?? '',
})

/** In the largest unit without a fraction. */
export function typedQuota({ sizeBytes, objectCount }: BucketQuota = {}): TypedQuota {
  const objects = objectCount === undefined ? '' : String(objectCount)
  if (sizeBytes === undefined) return { size: '', unit: 'GiB', objects }
  const unit = largestFirst.find((one) => sizeBytes >= units[one] && sizeBytes % units[one] === 0) ?? 'bytes'
  return { size: String(sizeBytes / units[unit]), unit, objects }
}

/** The quota, or the mistake in it as one sentence. Undefined if both fields are empty. */
export function quotaIn({
  size,
  unit,
  objects,
}: TypedQuota): { readonly quota: BucketQuota | undefined } | { readonly problem: string } {
  if (size === '' && objects === '') return { quota: undefined }
  if (!Object.hasOwn(units, unit)) return { problem: 'Choose a unit for the size.' }
  if (!/^(\d{1,16}(\.\d{1,6})?)?$/.test(size)) return { problem: 'Size is a number, such as 500 or 1.5.' }
  if (!/^\d{0,16}$/.test(objects)) return { problem: 'Objects is a whole number.' }
  const quota = {
    ...(size !== '' && { sizeBytes: Math.round(Number(size) * units[unit as Unit]) }),
    ...(objects !== '' && { objectCount: Number(objects) }),
  }
  try {
    assertQuotaLimits(quota)
    return { quota }
  } catch (error) {
    return { problem: refusalOf(error).message }
  }
}
