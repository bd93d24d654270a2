/** One bucket of S3 in memory, as AWS describes it and as short as it can be: what the server is compared with. */
import { createHash } from 'node:crypto'

export interface ModelVersion {
  /** The id that the server gave it. */
  id: string
  readonly isMarker: boolean
  readonly body: Buffer
  readonly etag: string
  readonly color: string
  /** A legal hold, and retention in governance mode that does not end here. */
  isHeld?: boolean
  isRetained?: boolean
  /** Its checksum is of the checksums of its parts: nothing can be appended. */
  readonly isComposite?: boolean
  readonly annotations?: Map<string, string>
}

export interface ModelUpload {
  readonly id: string
  readonly key: string
  readonly color: string
  readonly parts: Map<number, Buffer>
}

/** The code of the error document; only the status if there is no document, as for HEAD. */
export class ModelError extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.code = code
  }
}

export interface Condition {
  readonly ifMatch?: string
  readonly ifNoneMatch?: '*'
}

const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest()
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

export const etagOf = (body: Buffer) => md5(body).toString('hex')
/** For an object that was written at once, or already appended to. */
export function etagOfAppended(before: ModelVersion, added: Buffer): string {
  if (before.body.length === 0) return etagOf(added)
  const [digest = '', parts = '1'] = before.etag.split('-')
  return `${md5(Buffer.concat([Buffer.from(digest, 'hex'), md5(added)])).toString('hex')}-${Number(parts) + 1}`
}
export const etagOfParts = (parts: readonly Buffer[]) =>
  `${md5(Buffer.concat(parts.map(md5))).toString('hex')}-${parts.length}`

export class S3Model {
  versioning: 'Unversioned' | 'Enabled' | 'Suspended' = 'Unversioned'
  readonly hasLock: boolean
  /** Newest first. */
  readonly #keys = new Map<string, ModelVersion[]>()
  readonly uploads: ModelUpload[] = []

  constructor(hasLock = false) {
    this.hasLock = hasLock
    if (hasLock) this.versioning = 'Enabled'
  }

  versions(key: string): ModelVersion[] {
    return this.#keys.get(key) ?? []
  }

  /** The result of a read without a version id. */
  get(key: string): ModelVersion {
    const [top] = this.versions(key)
    if (top === undefined || top.isMarker) throw new ModelError('NoSuchKey')
    return top
  }

  getVersion(key: string, id: string): ModelVersion {
    const found = this.versions(key).find((version) => version.id === id)
    if (found === undefined) throw new ModelError('NoSuchVersion')
    if (found.isMarker) throw new ModelError('MethodNotAllowed')
    return found
  }

  /** A version that can be locked. */
  getLockable(key: string, id: string): ModelVersion {
    const found = this.getVersion(key, id)
    if (!this.hasLock) throw new ModelError('InvalidRequest')
    return found
  }

  /** Before a version goes. `passes`: governance mode. */
  checkLock(version: ModelVersion | undefined, passes = false): void {
    if (version?.isHeld === true || (version?.isRetained === true && !passes)) throw new ModelError('AccessDenied')
  }

  check(key: string, { ifMatch, ifNoneMatch }: Condition): void {
    const [top] = this.versions(key)
    const current = top?.isMarker === true ? undefined : top
    if (ifMatch !== undefined) {
      if (current === undefined) throw new ModelError('NoSuchKey')
      if (current.etag !== ifMatch) throw new ModelError('PreconditionFailed')
    }
    if (ifNoneMatch === '*' && current !== undefined) throw new ModelError('PreconditionFailed')
  }

  /** `id`: what the server called it, in a bucket that keeps versions. */
  put(key: string, made: Omit<ModelVersion, 'id' | 'isMarker'>, id: string): void {
    this.#push(key, { ...made, annotations: new Map(made.annotations), id, isMarker: false })
  }

  /** The version to append to at this offset; undefined if the bytes become an object. */
  getAppendable(key: string, offset: number): ModelVersion | undefined {
    const [top] = this.versions(key)
    const current = top?.isMarker === true ? undefined : top
    if (offset !== (current?.body.length ?? 0)) throw new ModelError('InvalidWriteOffset')
    if (current?.isComposite) throw new ModelError('InvalidRequest')
    return current
  }

  append(key: string, before: ModelVersion, added: Buffer, id: string): void {
    const { isHeld: _, isRetained: __, annotations, ...kept } = before
    const isReplaced = this.versioning !== 'Enabled' && before.id === 'null'
    const whole = { body: Buffer.concat([before.body, added]), etag: etagOfAppended(before, added) }
    this.put(key, { ...kept, ...whole, ...(isReplaced && annotations && { annotations }) }, id)
  }

  /** A delete without a version id. Returns whether it made a delete marker. */
  delete(key: string, id: string): boolean {
    if (this.versioning === 'Unversioned') {
      this.#keys.delete(key)
      return false
    }
    this.#push(key, { id, isMarker: true, body: Buffer.alloc(0), etag: '', color: '' })
    return true
  }

  /** Whether it was a delete marker. */
  deleteVersion(key: string, id: string): boolean {
    const versions = this.versions(key)
    const found = versions.find((version) => version.id === id)
    this.#keep(
      key,
      versions.filter((version) => version !== found),
    )
    return found?.isMarker === true
  }

  /** The current version leaves its key, which keeps a delete marker where versions are kept. */
  rename(from: string, to: string, id: string, markerId: string): void {
    const { isHeld: _, isRetained: __, ...source } = this.get(from)
    this.#keep(from, this.versions(from).slice(1))
    if (this.versioning !== 'Unversioned') this.delete(from, markerId)
    this.put(to, source, id)
  }

  list(prefix: string, delimiter: string): { keys: string[]; prefixes: string[] } {
    const keys = [...this.#keys].filter(([, [top]]) => top?.isMarker === false).map(([key]) => key)
    return group(keys, prefix, delimiter)
  }

  listVersions(prefix: string, delimiter: string): { versions: string[]; prefixes: string[] } {
    const { keys, prefixes } = group([...this.#keys.keys()], prefix, delimiter)
    const versions = keys.flatMap((key) =>
      this.versions(key).map(({ id, isMarker }, at) => `${key} ${id} ${isMarker} ${at === 0}`),
    )
    return { versions, prefixes }
  }

  #push(key: string, version: ModelVersion): void {
    // A null version replaces the previous one, wherever it is.
    const kept = version.id === 'null' ? this.versions(key).filter(({ id }) => id !== 'null') : this.versions(key)
    this.#keys.set(key, [version, ...kept])
  }

  #keep(key: string, versions: ModelVersion[]): void {
    if (versions.length === 0) this.#keys.delete(key)
    else this.#keys.set(key, versions)
  }
}

function group(all: readonly string[], prefix: string, delimiter: string): { keys: string[]; prefixes: string[] } {
  const keys: string[] = []
  const prefixes = new Set<string>()
  for (const key of all.filter((key) => key.startsWith(prefix))) {
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    if (at === -1) keys.push(key)
    else prefixes.add(key.slice(0, at + delimiter.length))
  }
  return { keys: keys.sort(byBytes), prefixes: [...prefixes].sort(byBytes) }
}
