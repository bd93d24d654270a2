import { rememberUpTo } from '#lib/remember.ts'

const validMs = 60_000
const rememberedMax = 10_000

/** Blobs that were compared with their checksum within the last minute. */
export class VerifiedBlobs {
  readonly #untilMs = new Map<string, number>()

  note(id: string): void {
    rememberUpTo(this.#untilMs, rememberedMax, id, performance.now() + validMs)
  }

  has(id: string): boolean {
    return (this.#untilMs.get(id) ?? 0) > performance.now()
  }
}
