/** How a multipart upload is read: by its parts if the source tells them, else in pieces of a likely size. */
import { limits } from '#model/limits.ts'

export type PartPlan =
  | { readonly kind: 'parts'; readonly count: number }
  | { readonly kind: 'pieces'; readonly count: number; readonly pieceBytes: number }

const MiB = 1024 * 1024
/** Default part sizes in MiB of clients: SDKs, the aws command, mc, rclone, s3cmd, restic, Hadoop, Veeam... */
const likely = [5, 8, 16, 15, 10, 6, 7, 12, 20, 25, 32, 50, 64, 100, 128, 200, 250, 256, 500, 512, 1024, 5120]

interface Told {
  /** Its end is the number of parts. */
  readonly etag: string
  readonly sizeBytes: number
  readonly partCount: number | undefined
  readonly firstBytes: number
}

/** Undefined: the object is read as a whole. */
export function planParts({ etag, sizeBytes, partCount, firstBytes }: Told): PartPlan | undefined {
  const count = Number(/-(\d{1,5})$/.exec(etag)?.[1] ?? 0)
  if (count < 1 || count > limits.partNumberMax || sizeBytes === 0) return undefined
  if (partCount === count) {
    const isTooSmall = count > 1 && firstBytes < limits.partSizeMin
    return isTooSmall ? undefined : { kind: 'parts', count }
  }
  const pieceBytes = count === 1 ? sizeBytes : pieceOf(sizeBytes, count)
  return pieceBytes === undefined ? undefined : { kind: 'pieces', count, pieceBytes }
}

/** A likely size that makes this number of pieces. If none does, the smallest such size in whole MiB. */
function pieceOf(sizeBytes: number, count: number): number | undefined {
  const fits = (bytes: number) => Math.ceil(sizeBytes / bytes) === count
  const found = likely.map((size) => size * MiB).find(fits)
  if (found !== undefined) return found
  const whole = Math.ceil(sizeBytes / count / MiB) * MiB
  return whole >= limits.partSizeMin && whole <= limits.partSizeMax && fits(whole) ? whole : undefined
}

export function pieceAt(plan: PartPlan, number: number, sizeBytes: number): number | { start: number; end: number } {
  if (plan.kind === 'parts') return number
  const start = (number - 1) * plan.pieceBytes
  return { start, end: Math.min(sizeBytes, start + plan.pieceBytes) }
}
