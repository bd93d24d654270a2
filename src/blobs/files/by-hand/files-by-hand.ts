import fs from 'node:fs'
import type { ByHand } from '#blobs/contract/blob-store.ts'
import type { FilesContext } from '#blobs/files/context.ts'
import { rowKey, rowsOf } from '#metadata/tables.ts'
import { isBucketName } from '#model/bucket/bucket.ts'
import { scanBucket, scanBuckets } from './scan.ts'
import { Watcher } from './watcher.ts'

export class FilesByHand implements ByHand {
  readonly #context: FilesContext
  #watcher: Watcher | undefined

  constructor(context: FilesContext) {
    this.#context = context
  }

  async findUnindexed(): Promise<number | undefined> {
    const { engine, layout } = this.#context
    for (const range of [rowsOf('b'), rowsOf('g')]) {
      if ((await engine.scan(range, { limit: 1 })).length > 0) return undefined
    }
    if ((await engine.get(rowKey('g', 'scan'))) !== undefined) return undefined
    const folders = fs.readdirSync(layout.root, { withFileTypes: true })
    const buckets = folders.filter((entry) => entry.isDirectory() && isBucketName(entry.name)).length
    const hasKept = ['versions', 'opaque'].some((name) => fs.readdirSync(layout.system(name)).length > 0)
    return buckets === 0 && !hasKept ? undefined : buckets
  }

  async scan({ signal, onFolder }: Parameters<ByHand['scan']>[0]): Promise<void> {
    await scanBuckets(this.#context, {
      signal,
      onFolder: (bucket, prefix) => {
        this.#watcher?.watchFolder(bucket, prefix)
        onFolder?.()
      },
    })
  }

  scanBucket(bucket: string): Promise<void> {
    return scanBucket(this.#context, bucket, { signal: new AbortController().signal })
  }

  watch(signal: AbortSignal): void {
    if (signal.aborted) return
    const watcher = new Watcher(this.#context, signal)
    this.#watcher = watcher
    signal.addEventListener('abort', () => watcher.close())
    watcher.start()
  }
}
