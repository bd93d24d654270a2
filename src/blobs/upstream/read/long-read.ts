/** A read that takes minutes has a row. Even if its blob is deleted meanwhile, the bytes stay. */
import { type UpstreamContext, writeDurably } from '#blobs/upstream/context.ts'
import { readKey, readsOf } from '#blobs/upstream/rows.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { randomId } from '#metadata/order.ts'
import { decodeJson, encodeJson } from '#metadata/tables.ts'

/** Shorter than the time between a deletion and the removal of the bytes. */
const renewEveryMs = 5 * 60 * 1000
/** Rows of a process that has ended expire after this time. */
const validMs = 3 * renewEveryMs
const readersMax = 1000

export class LongRead {
  readonly #context: UpstreamContext
  readonly #blobId: string
  #row: Buffer | undefined
  #cancel: () => void = () => undefined

  constructor(context: UpstreamContext, blobId: string) {
    this.#context = context
    this.#blobId = blobId
    this.#renewLater()
  }

  end(): void {
    this.#cancel()
    const row = this.#row
    this.#row = undefined
    if (row !== undefined) void writeDurably(this.#context, [{ key: row, value: undefined }]).catch(() => undefined)
  }

  #renewLater(): void {
    this.#cancel = this.#context.clock.after(renewEveryMs, () => {
      this.#row ??= readKey(this.#blobId, randomId(8))
      const value = encodeJson({ untilMs: this.#context.clock.nowMs() + validMs })
      // Without the row, the read may break off, as any read may.
      void writeDurably(this.#context, [{ key: this.#row, value }]).catch(() => undefined)
      this.#renewLater()
    })
  }
}

/** Whether a long read of the blob is running. */
export async function isRead(engine: Pick<MetadataEngine, 'scan'>, blobId: string, nowMs: number): Promise<boolean> {
  const rows = await engine.scan(readsOf(blobId), { limit: readersMax })
  return rows.some(({ value }) => decodeJson<{ readonly untilMs: number }>(value).untilMs > nowMs)
}
