/**
 * All documents of a process in rows of the index. Every `lookEveryMs`, one query reads all stamps. A text is read
 * again if its stamp has changed. The process that writes knows its text at once. It replaces a file (`noticePath`)
 * before it answers, so that other processes of this machine notice the change.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '#lib/clock.ts'
import type { Bytes, MetadataEngine } from '#metadata/engine.ts'
import {
  changedKey,
  type DocumentText,
  type KnownText,
  readStamps,
  readText,
  replaceTexts,
  textKeyOf,
} from './document-text.ts'
import { fileStamp } from './file-source.ts'
import { type RowAccess, RowSource } from './row-source.ts'
import type { DocumentSources } from './source.ts'

export interface DocumentRowsOptions {
  readonly engine: Pick<MetadataEngine, 'getMany' | 'commit'>
  readonly clock: Clock
  readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void }
  /** A file of this machine. Undefined: no other process has to notice changes. */
  readonly noticePath?: string | undefined
}

export const lookEveryMs = 400

/** No document was written yet. */
const noChange = Buffer.alloc(0)

interface Followed {
  known: KnownText | undefined
  /** Changes whenever `known` is set. A look that began before then has older data. */
  changes: number
  readonly watchers: Set<() => void>
}

export class DocumentRows implements RowAccess {
  readonly sources: DocumentSources = (document) => new RowSource(document, this)
  readonly clock: Clock
  readonly #options: DocumentRowsOptions
  readonly #followed = new Map<string, Followed>()
  #looking: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined
  #seenMs: number
  /** The row of `changedKey` when all documents were last in force; undefined: never. */
  #changed: Bytes | undefined
  #notice = ''
  #isTroubled = false
  #cancel = () => {}
  #isClosed = false

  constructor(options: DocumentRowsOptions) {
    this.#options = options
    this.clock = options.clock
    this.#seenMs = this.clock.elapsedMs()
    this.#lookLater()
  }

  /** The time since the index last answered whether a document has changed. */
  get unseenMs(): number {
    return this.clock.elapsedMs() - this.#seenMs
  }

  /** Whether another process of this machine has written a document since the last look. */
  get isBehind(): boolean {
    return this.#noticed() !== this.#notice
  }

  /** Looks once more. Calls in the meantime share the next look. Rejects if the index cannot be read. */
  refresh(): Promise<void> {
    this.#next ??= this.#looking.then(() => {
      this.#next = undefined
      const look = this.#look()
      this.#looking = look.catch(() => undefined)
      return look
    })
    return this.#next
  }

  /**
   * Afterwards all changes that other processes have made until now are in force. One row is read, in one query with
   * everything else that is read in the same turn.
   */
  async catchUp(): Promise<void> {
    const [changed = noChange] = await this.#options.engine.getMany([changedKey])
    if (this.#changed !== undefined && Buffer.compare(changed, this.#changed) === 0) return
    await this.refresh()
    this.#changed = changed
  }

  known(name: string): KnownText | undefined {
    return this.#of(name).known
  }

  async read(name: string): Promise<KnownText | undefined> {
    const followed = this.#of(name)
    const { changes } = followed
    const found = await readText(this.#options.engine, name)
    if (changes === followed.changes && found?.stamp !== followed.known?.stamp) this.#set(followed, found)
    return followed.known
  }

  async replace(name: string, before: KnownText | undefined, next: DocumentText): Promise<KnownText | undefined> {
    const [replaced] = (await replaceTexts(this.#options.engine, [{ ...next, name, before }])) ?? []
    if (replaced === undefined) return undefined
    this.#set(this.#of(name), replaced)
    this.tell()
    return replaced
  }

  async keepCopy(name: string, suffix: string): Promise<void> {
    const { text } = (await this.read(name)) ?? {}
    if (text === undefined) return
    const key = textKeyOf(name + suffix)
    await this.#options.engine.commit({ checks: [], writes: [{ key, value: Buffer.from(text) }] })
  }

  watch(name: string, onChange: () => void): () => void {
    const { watchers } = this.#of(name)
    watchers.add(onChange)
    return () => watchers.delete(onChange)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancel()
    await this.#looking
  }

  #of(name: string): Followed {
    const followed = this.#followed.get(name) ?? { known: undefined, changes: 0, watchers: new Set() }
    this.#followed.set(name, followed)
    return followed
  }

  #set(followed: Followed, known: KnownText | undefined): void {
    followed.known = known
    followed.changes++
    for (const onChange of followed.watchers) onChange()
  }

  #lookLater(): void {
    if (this.#isClosed) return
    this.#cancel = this.clock.after(lookEveryMs, () => {
      const done = () => this.#lookLater()
      this.refresh().then(done, done)
    })
  }

  async #look(): Promise<void> {
    const begunMs = this.clock.elapsedMs()
    const notice = this.#noticed()
    try {
      await this.#readChanged()
    } catch (error) {
      if (!this.#isTroubled)
        this.#options.log.warn({ err: error }, 'the index cannot tell whether users, keys or policies have changed')
      this.#isTroubled = true
      throw error
    }
    if (this.#isTroubled)
      this.#options.log.info({}, 'the index tells again whether users, keys or policies have changed')
    this.#isTroubled = false
    this.#seenMs = begunMs
    this.#notice = notice
  }

  async #readChanged(): Promise<void> {
    const all = [...this.#followed].map(([name, followed]) => ({ name, followed, changes: followed.changes }))
    const stamps = await readStamps(
      this.#options.engine,
      all.map(({ name }) => name),
    )
    for (const [at, { name, followed, changes }] of all.entries()) {
      const stamp = stamps[at] ?? ''
      // A document that has disappeared keeps its last state.
      if (stamp === '' || changes !== followed.changes || stamp === followed.known?.stamp) continue
      await this.read(name)
    }
  }

  #noticed(): string {
    const { noticePath } = this.#options
    return noticePath === undefined ? '' : fileStamp(noticePath)
  }

  /** Notifies the other processes of this machine of a change. Without it, their next look finds the change. */
  tell(): void {
    const { noticePath } = this.#options
    if (noticePath === undefined) return
    const temporary = `${noticePath}.${randomBytes(6).toString('hex')}.tmp`
    try {
      mkdirSync(dirname(noticePath), { recursive: true })
      writeFileSync(temporary, '', { mode: 0o600 })
      renameSync(temporary, noticePath)
    } catch {
      // A node may have no writable disk.
    }
  }
}
