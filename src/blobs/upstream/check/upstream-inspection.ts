/** Compares the upstream store with the records. */
import type { Inspection, Leftover, Pace, Verdict } from '#blobs/contract/inspection.ts'
import { keptCrc64nvmeOf } from '#blobs/contract/kept-bytes.ts'
import { UpstreamChanged, UpstreamMissing } from '#blobs/upstream/client/problem.ts'
import type { UpstreamContext } from '#blobs/upstream/context.ts'
import { decodePieces, timeOfId } from '#blobs/upstream/piece.ts'
import { PieceReader } from '#blobs/upstream/read/piece-reader.ts'
import { asReadProblem } from '#blobs/upstream/read/verify.ts'
import { blobKey, blobRows, bytesKey, doomedRows, leftRows } from '#blobs/upstream/rows.ts'
import { createDigester } from '#lib/digest/digest.ts'
import { batches } from '#metadata/named-blobs.ts'
import { randomId } from '#metadata/order.ts'
import { eachRow, encodeJson, rowParts } from '#metadata/tables.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'

/** Objects in memory at a time. The rows are read once for each batch. */
const batchMax = 100_000
/** Each row may have the pieces of 10,000 parts. */
const rowsAtOnce = 50
/** A newer object may have got its row after the rows were read. */
const youngMs = 60 * 60 * 1000
const lostAndFound = 'lost+found/'

export class UpstreamInspection implements Inspection {
  readonly #context: UpstreamContext

  constructor(context: UpstreamContext) {
    this.#context = context
  }

  async compare(
    bucket: string,
    version: StoredVersion,
    { pace }: { readonly pace?: Pace | undefined },
  ): Promise<Verdict> {
    const { engine } = this.#context
    const { id, kind, sizeBytes } = version.blob
    const row = await engine.get(kind === 0 ? bytesKey(id) : blobKey(id))
    if (row === undefined) return 'missing'
    const digester = createDigester(['CRC64NVME'])
    let readBytes = 0
    const take = (chunk: Uint8Array) => {
      readBytes += chunk.length
      digester.update(chunk)
    }
    if (kind === 0) take(row)
    else {
      const reader = new PieceReader(this.#context, decodePieces(row), 0)
      try {
        await readAll(reader, take, pace)
      } catch (error) {
        if (error instanceof UpstreamMissing) return 'missing'
        if (error instanceof UpstreamChanged) return 'damaged'
        throw await asReadProblem(this.#context, bucket, version, error)
      } finally {
        reader.close()
      }
    }
    const kept = keptCrc64nvmeOf(version)
    const isSame = kept === undefined || digester.digest().get('CRC64NVME')?.toString('base64') === kept
    return isSame && readBytes === sizeBytes ? 'right' : 'damaged'
  }

  /** Objects below the prefix that no row names. */
  async *leftovers(): AsyncGenerator<Leftover> {
    for await (const batch of batches(this.#objects(), batchMax)) {
      const unnamed = new Map(batch.map((object) => [object.id, object]))
      // An upload that completes moves pieces to an earlier row, which the first pass may already have read.
      for (let pass = 0; pass < 2 && unnamed.size > 0; pass++) await this.#removeNamed(unnamed)
      for (const { key, sizeBytes } of unnamed.values()) yield { path: key, what: 'version', sizeBytes }
    }
  }

  async #removeNamed(unnamed: Map<string, unknown>): Promise<void> {
    const { engine } = this.#context
    for (const rows of [blobRows(), leftRows()]) {
      for await (const { value } of eachRow(engine, rows, rowsAtOnce)) {
        for (const { id } of decodePieces(value)) unnamed.delete(id)
      }
    }
    for await (const { key } of eachRow(engine, doomedRows())) unnamed.delete(rowParts(key)[1] ?? '')
  }

  async *#objects(): AsyncGenerator<{ readonly id: string; readonly key: string; readonly sizeBytes: number }> {
    const { upstream, clock } = this.#context
    const { prefix } = upstream.settings
    const youngest = clock.nowMs() - youngMs
    for await (const { key, sizeBytes } of upstream.list('')) {
      const [folder = '', id = '', more] = key.slice(prefix.length).split('/')
      const isOurs = more === undefined && /^[0-9a-f]{32}$/.test(id) && id.endsWith(folder) && folder.length === 2
      if (isOurs && timeOfId(id) < youngest) yield { id, key, sizeBytes }
    }
  }

  async setAside({ path }: Leftover): Promise<string | undefined> {
    const { upstream } = this.#context
    const to = `${upstream.settings.prefix}${lostAndFound}${path.split('/').at(-1)}`
    try {
      await upstream.copy(path, to)
      const failed = await upstream.remove([path])
      return failed.size === 0 ? to : undefined
    } catch {
      return undefined
    }
  }

  async keepRow(row: object): Promise<string> {
    const { upstream, clock } = this.#context
    const key = `${upstream.settings.prefix}${lostAndFound}${clock.nowMs()}-${randomId(4)}.json`
    const bytes = encodeJson(row)
    await upstream.put(key, { source: bytes, sizeBytes: bytes.length })
    return key
  }

  /** Parts are blobs. They are compared after they belong to a version. */
  parts = none
  lockRecords = none
  unknownIn = none

  async unknownBuckets(): Promise<string[]> {
    return []
  }

  hasBucket(): boolean {
    return true
  }
}

async function readAll(reader: PieceReader, take: (chunk: Buffer) => void, pace: Pace | undefined): Promise<void> {
  for (;;) {
    const chunk = await reader.next()
    if (chunk === undefined) return
    const startMs = performance.now()
    take(chunk)
    await pace?.(performance.now() - startMs)
  }
}

async function* none(): AsyncGenerator<never> {}
