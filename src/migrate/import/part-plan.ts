/** How a version that was uploaded in parts is read: part by part where the source tells them, else in likely pieces. */
import { limits } from '#model/limits.ts'

export type PartPlan =
  | { readonly kind: 'parts'; readonly count: number }
  | { readonly kind: 'pieces'; readonly count: number; readonly pieceBytes: number }

const MiB = 1024 * 1024
/** What clients use by default: the SDKs, the aws command, mc, rclone, s3cmd, restic, Hadoop, Veeam... */
const likely = [5, 8, 16, 15, 10, 6, 7, 12, 20, 25, 32, 50, 64, 100, 128, 200, 250, 256, 500, 512, 1024, 5120]

interface Told {
  /** As the ETag ends. */
  readonly etag: string
  readonly sizeBytes: number
  readonly partCount: number | undefined
  readonly firstBytes: number
}

/** Undefined: it is read as a whole. */
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

/** One of the likely sizes that makes so many; else such that all but the last are of whole MiB. */
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
