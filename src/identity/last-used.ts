/**
 * When keys and roles were last used. Requests record this in memory, and it is merged into a separate file from time
 * to time: a request must not wait for it, and reading an object must not change iam.json.
 */
import * as z from 'zod'
import { Document, type DocumentLog, type DocumentOptions } from '#documents/document.ts'
import type { Clock } from '#lib/clock.ts'

const useSchema = z.object({ atMs: z.number(), service: z.string().max(64), region: z.string().max(64) })
const schema = z.record(z.string(), useSchema)
export type Use = z.infer<typeof useSchema>
type Uses = Record<string, Use>

const flushMs = 30_000
/** The maximum of entries between two flushes; further uses are recorded the next time. */
const pendingMax = 20_000

interface LastUsedOptions extends Pick<DocumentOptions<Uses>, 'path' | 'sources' | 'log'> {
  readonly clock: Clock
  /** Whether such a key or role still exists; others are removed. */
  readonly exists: (id: string) => boolean
}

export class LastUsed {
  readonly #document: Document<Uses>
  readonly #pending = new Map<string, Use>()
  readonly #timer: NodeJS.Timeout
  readonly #exists: (id: string) => boolean
  readonly #clock: Clock
  readonly #log: DocumentLog

  private constructor(document: Document<Uses>, { exists, clock, log }: LastUsedOptions) {
    this.#document = document
    this.#exists = exists
    this.#clock = clock
    this.#log = log
    this.#timer = setInterval(() => void this.flush(), flushMs).unref()
  }

  static async open(options: LastUsedOptions): Promise<LastUsed> {
    const { path, sources, log } = options
    const shape = { name: 'last_used.json', schema, initial: () => ({}) }
    return new LastUsed(await Document.open<Uses>({ ...shape, path, sources, log }), options)
  }

  recordUse(id: string, service: string, region: string): void {
    if (this.#pending.size < pendingMax || this.#pending.has(id)) {
      this.#pending.set(id, { atMs: this.#clock.nowMs(), service, region })
    }
  }

  find(id: string): Use | undefined {
    const { current } = this.#document
    return this.#pending.get(id) ?? (Object.hasOwn(current, id) ? current[id] : undefined)
  }

  async flush(): Promise<void> {
    if (this.#pending.size === 0) return
    const fresh = [...this.#pending]
    this.#pending.clear()
    try {
      await this.#document.update((uses) => {
        for (const [id, use] of fresh) if ((uses[id]?.atMs ?? 0) < use.atMs) uses[id] = use
        return Object.fromEntries(Object.entries(uses).filter(([id]) => this.#exists(id)))
      })
    } catch (error) {
      this.#log.error({ err: error }, 'when keys were last used could not be written')
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
    await this.#document.close()
  }
}
