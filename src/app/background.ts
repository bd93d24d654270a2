/** Background work of one process while its store is open. */
import type { DiskReserve } from '#lib/files/disk-reserve.ts'
import { scanAndTell } from '#store/background.ts'
import type { StoreContext } from '#store/context.ts'

interface BackgroundOptions {
  readonly root: string | undefined
  readonly watch: boolean
}

/** Returns a function that stops the work. */
export async function startBackground(
  context: StoreContext,
  reserve: DiskReserve | undefined,
  { root, watch }: BackgroundOptions,
): Promise<() => Promise<void>> {
  const stopping = new AbortController()
  const { signal } = stopping
  await tellOfNewIndex(context, root)
  watchBehind(context, watch, signal)
  const stopRefills = reserve === undefined ? undefined : keepRefilled(reserve)
  return async () => {
    stopping.abort()
    await stopRefills?.()
  }
}

const refillEveryMs = 10_000

/** A store that is open only briefly makes no reserve. */
function keepRefilled(reserve: DiskReserve): () => Promise<void> {
  const refill = () => void reserve.refill().catch(() => undefined)
  const first = setTimeout(refill, 1000).unref()
  const timer = setInterval(refill, refillEveryMs).unref()
  return () => {
    clearTimeout(first)
    clearInterval(timer)
    return reserve.stopRefilling()
  }
}

/** Warns if bucket folders have files and no index: what only an index knows of them may be lost. */
async function tellOfNewIndex({ blobs, log }: StoreContext, root: string | undefined): Promise<void> {
  const buckets = await blobs.byHand?.findUnindexed()
  if (buckets === undefined) return
  log.warn(
    { buckets, path: `${root}/.myfsio.sys/index` },
    'there is no index: what is in the folders of buckets is adopted as files made by hand, without metadata, older versions and settings; to have these, stop the server and restore the index from a backup',
  )
}

/** The scan runs in the background: the server is ready at once, and a read adopts what it needs. */
function watchBehind(context: StoreContext, watch: boolean, signal: AbortSignal): void {
  const { byHand } = context.blobs
  if (byHand === undefined) return
  const run = async () => {
    try {
      if (watch) byHand.watch(signal)
      await scanAndTell(context, signal)
    } catch (error) {
      if (!signal.aborted) context.log.warn({ err: error }, 'the scan for files changed by hand did not finish')
    }
  }
  setImmediate(() => void run())
}
