/** Does each command on a real bucket and on the model, and fails where they differ. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectAnnotationCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectAnnotationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListMultipartUploadsCommand,
  ListObjectAnnotationsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  NotFound,
  PutBucketVersioningCommand,
  PutObjectAnnotationCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  RenameObjectCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import { type Command, type Of, oddKeys } from './commands.ts'
import {
  type Condition,
  etagOf,
  etagOfParts,
  ModelError,
  type ModelUpload,
  type ModelVersion,
  S3Model,
} from './s3-model.ts'

const sealed = { ServerSideEncryption: 'AES256' } as const
const noVersion = '0'.repeat(32)
const unquote = (etag: string | undefined) => etag?.replaceAll('"', '')
const bytesOf = ({ fill, sizeBytes }: { fill: string; sizeBytes: number }) => Buffer.alloc(sizeBytes, fill)
const sourceOf = (bucket: string, key: string) => `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`

export class BucketDriver {
  readonly model: S3Model
  client: S3Client
  readonly #Bucket: string
  readonly #reopen: () => Promise<S3Client>

  constructor(client: S3Client, bucket: string, reopen: () => Promise<S3Client>, hasLock: boolean) {
    this.model = new S3Model(hasLock)
    this.client = client
    this.#Bucket = bucket
    this.#reopen = reopen
  }

  async run(command: Command): Promise<void> {
    const does = this[command.kind] as (command: Command) => Promise<void>
    await does.call(this, command)
  }

  /** Everything that can be read is as in the model. */
  async compareAll(): Promise<void> {
    await this.list({ kind: 'list', prefix: '', delimiter: '', pageSize: 3 })
    await this.listVersions({ kind: 'listVersions', prefix: '', delimiter: '', pageSize: 3 })
    for (const key of oddKeys) {
      await this.get({ kind: 'get', key })
      for (const [nth, version] of this.model.versions(key).entries()) {
        await this.getVersion({ kind: 'getVersion', key, nth })
        await this.#compareAnnotations(key, version)
      }
    }
  }

  async put({ key, body, color, condition, isSealed }: Of<'put'>): Promise<void> {
    const Body = bytesOf(body)
    const etag = etagOf(Body)
    const conditions = this.#conditions(key, condition)
    await this.#both(
      () => this.model.check(key, conditions),
      () =>
        this.client.send(
          new PutObjectCommand({
            ...this.#at(key),
            Body,
            Metadata: { color },
            ...asHeaders(conditions),
            ...(isSealed && sealed),
          }),
        ),
      (answer) => {
        expect(unquote(answer.ETag)).toBe(etag)
        this.model.put(key, { body: Body, etag, color }, this.#idOf(answer))
      },
    )
  }

  async append({ key, body, at }: Of<'append'>): Promise<void> {
    const Body = bytesOf({ ...body, sizeBytes: body.sizeBytes + 1 })
    const [top] = this.model.versions(key)
    const end = top === undefined || top.isMarker ? 0 : top.body.length
    const WriteOffsetBytes = { 'its end': end, 'its start': 0, 'beyond it': end + 1 }[at]
    // The existing object keeps its attributes.
    const Metadata = { color: 'red' }
    const made = end === 0 && top?.isMarker !== false ? { Metadata } : {}
    await this.#both(
      () => this.model.getAppendable(key, WriteOffsetBytes),
      () => this.client.send(new PutObjectCommand({ ...this.#at(key), Body, WriteOffsetBytes, ...made })),
      (answer, before) => {
        const id = this.#idOf(answer)
        if (before === undefined) this.model.put(key, { body: Body, etag: etagOf(Body), ...Metadata }, id)
        else this.model.append(key, before, Body, id)
        expect(unquote(answer.ETag)).toBe(this.model.get(key).etag)
        expect(answer.Size).toBe(end + Body.length)
      },
    )
  }

  async annotate({ key, nth, name, text }: Of<'annotate'>): Promise<void> {
    const VersionId = this.#nthVersion(key, nth)
    const asked = { ...this.#at(key), VersionId, AnnotationName: name, AnnotationPayload: text }
    await this.#both(
      () => this.#annotated(key, VersionId, false),
      () => this.client.send(new PutObjectAnnotationCommand(asked)),
      (_answer, annotations) => void annotations?.set(name, text),
    )
  }

  async removeAnnotation({ key, nth, name, passes }: Of<'removeAnnotation'>): Promise<void> {
    const VersionId = this.#nthVersion(key, nth)
    const bypass = this.model.hasLock && passes ? { BypassGovernanceRetention: true } : {}
    const asked = { ...this.#at(key), VersionId, AnnotationName: name, ...bypass }
    await this.#both(
      () => this.#annotated(key, VersionId, passes),
      () => this.client.send(new DeleteObjectAnnotationCommand(asked)),
      (_answer, annotations) => void annotations?.delete(name),
    )
  }

  #annotated(key: string, id: string, passes: boolean): Map<string, string> | undefined {
    const version = this.model.getVersion(key, id)
    this.model.checkLock(version, passes)
    return version.annotations
  }

  async #compareAnnotations(key: string, { id: VersionId, isMarker, annotations }: ModelVersion): Promise<void> {
    if (isMarker) return
    const at = { ...this.#at(key), VersionId }
    const { Annotations = [] } = await this.client.send(new ListObjectAnnotationsCommand(at))
    const found = new Map<string, string>()
    for (const { AnnotationName = '' } of Annotations) {
      const { AnnotationPayload } = await this.client.send(new GetObjectAnnotationCommand({ ...at, AnnotationName }))
      found.set(AnnotationName, (await AnnotationPayload?.transformToString()) ?? '')
    }
    expect(found).toEqual(annotations)
  }

  async get({ key }: Of<'get'>): Promise<void> {
    await this.#read(key, undefined, () => this.model.get(key))
  }

  async getVersion({ key, nth }: Of<'getVersion'>): Promise<void> {
    const id = this.#nthVersion(key, nth)
    await this.#read(key, id, () => this.model.getVersion(key, id))
  }

  async #read(key: string, VersionId: string | undefined, find: () => ModelVersion): Promise<void> {
    const compare = (answer: HeadObjectCommandOutput, found: ModelVersion) => {
      expect(unquote(answer.ETag)).toBe(found.etag)
      expect(answer.Metadata?.color).toBe(found.color)
      expect(answer.ContentLength).toBe(found.body.length)
      expect(answer.VersionId).toBe(this.model.versioning === 'Unversioned' ? undefined : found.id)
    }
    await this.#both(
      find,
      () => this.client.send(new GetObjectCommand({ ...this.#at(key), VersionId })),
      async (answer, found) => {
        compare(answer, found)
        expect(Buffer.from((await answer.Body?.transformToByteArray()) ?? []).equals(found.body)).toBe(true)
      },
    )
    await this.#both(find, () => this.client.send(new HeadObjectCommand({ ...this.#at(key), VersionId })), compare)
  }

  async getRange({ key, start, length }: Of<'getRange'>): Promise<void> {
    await this.#both(
      () => {
        const { body } = this.model.get(key)
        if (start >= body.length) throw new ModelError('InvalidRange')
        return body.subarray(start, start + length + 1)
      },
      () => this.client.send(new GetObjectCommand({ ...this.#at(key), Range: `bytes=${start}-${start + length}` })),
      async (answer, expected) => {
        expect(Buffer.from((await answer.Body?.transformToByteArray()) ?? []).equals(expected)).toBe(true)
      },
    )
  }

  async delete({ key, condition }: Of<'delete'>): Promise<void> {
    // A delete knows If-Match only.
    const { ifMatch } = this.#conditions(key, condition)
    const conditions = ifMatch === undefined ? {} : { ifMatch }
    await this.#both(
      () => this.model.check(key, conditions),
      () => this.client.send(new DeleteObjectCommand({ ...this.#at(key), ...asHeaders(conditions) })),
      (answer) => {
        const id = answer.VersionId ?? ''
        const isMarker = this.model.delete(key, this.model.versioning === 'Suspended' ? 'null' : id)
        expect(answer.DeleteMarker ?? false).toBe(isMarker)
        expect(id !== '').toBe(isMarker)
      },
    )
  }

  async deleteVersion({ key, nth, passes }: Of<'deleteVersion'>): Promise<void> {
    const VersionId = this.#nthVersion(key, nth)
    const bypass = this.model.hasLock && passes ? { BypassGovernanceRetention: true } : {}
    await this.#both(
      () => this.model.checkLock(this.#version(key, VersionId), passes),
      () => this.client.send(new DeleteObjectCommand({ ...this.#at(key), VersionId, ...bypass })),
      (answer) => {
        expect(answer.DeleteMarker ?? false).toBe(this.model.deleteVersion(key, VersionId))
        if (this.model.versioning !== 'Unversioned') expect(answer.VersionId).toBe(VersionId)
      },
    )
  }

  #version(key: string, id: string): ModelVersion | undefined {
    return this.model.versions(key).find((version) => version.id === id)
  }

  async hold({ key, nth, status }: Of<'hold'>): Promise<void> {
    const VersionId = this.#nthVersion(key, nth)
    const LegalHold = { Status: status as 'ON' | 'OFF' }
    await this.#both(
      () => this.model.getLockable(key, VersionId),
      () => this.client.send(new PutObjectLegalHoldCommand({ ...this.#at(key), VersionId, LegalHold })),
      (_answer, version) => {
        version.isHeld = status === 'ON'
      },
    )
  }

  async retain({ key, nth }: Of<'retain'>): Promise<void> {
    const VersionId = this.#nthVersion(key, nth)
    const Retention = { Mode: 'GOVERNANCE' as const, RetainUntilDate: new Date('2999-01-01') }
    await this.#both(
      () => this.model.getLockable(key, VersionId),
      () => this.client.send(new PutObjectRetentionCommand({ ...this.#at(key), VersionId, Retention })),
      (_answer, version) => {
        version.isRetained = true
      },
    )
  }

  async deleteMany({ entries }: Of<'deleteMany'>): Promise<void> {
    const Objects = entries.map(({ key, nth }) => ({
      Key: key,
      VersionId: nth === undefined ? undefined : this.#nthVersion(key, nth),
    }))
    const answer = await this.client.send(new DeleteObjectsCommand({ Bucket: this.#Bucket, Delete: { Objects } }))
    const isLocked = ({ Key, VersionId }: (typeof Objects)[number]) => {
      const version = VersionId === undefined ? undefined : this.#version(Key, VersionId)
      return version?.isHeld === true || version?.isRetained === true
    }
    const locked = Objects.filter(isLocked)
    const named = ({ Key, VersionId }: { Key?: string | undefined; VersionId?: string | undefined }) =>
      `${Key} ${VersionId} AccessDenied`
    expect((answer.Errors ?? []).map((error) => `${error.Key} ${error.VersionId} ${error.Code}`).sort()).toEqual(
      locked.map(named).sort(),
    )
    const free = Objects.filter((entry) => !locked.includes(entry))
    expect(answer.Deleted?.length ?? 0).toBe(free.length)
    for (const [index, { Key, VersionId }] of free.entries()) {
      const deleted = answer.Deleted?.[index]
      if (VersionId === undefined) {
        const isMarker = this.model.delete(
          Key,
          this.model.versioning === 'Suspended' ? 'null' : (deleted?.DeleteMarkerVersionId ?? ''),
        )
        expect(deleted?.DeleteMarker ?? false).toBe(isMarker)
      } else expect(deleted?.DeleteMarker ?? false).toBe(this.model.deleteVersion(Key, VersionId))
    }
  }

  async copy({ from, nth, to, color }: Of<'copy'>): Promise<void> {
    const id = nth === undefined ? undefined : this.#nthVersion(from, nth)
    await this.#both(
      () => {
        const source = id === undefined ? this.model.get(from) : this.#copyVersion(from, id)
        if (from === to && id === undefined && color === undefined) throw new ModelError('InvalidRequest')
        return source
      },
      () =>
        this.client.send(
          new CopyObjectCommand({
            ...this.#at(to),
            CopySource: sourceOf(this.#Bucket, from) + (id === undefined ? '' : `?versionId=${id}`),
            ...(color === undefined ? {} : { MetadataDirective: 'REPLACE', Metadata: { color } }),
          }),
        ),
      (answer, source) => {
        const etag = etagOf(source.body)
        expect(unquote(answer.CopyObjectResult?.ETag)).toBe(etag)
        const { body, annotations = new Map() } = source
        this.model.put(to, { body, etag, color: color ?? source.color, annotations }, this.#idOf(answer))
      },
    )
  }

  /** A delete marker as a source is a bad request. */
  #copyVersion(key: string, id: string): ModelVersion {
    const found = this.model.versions(key).find((version) => version.id === id)
    if (found?.isMarker === true) throw new ModelError('InvalidRequest')
    return this.model.getVersion(key, id)
  }

  async rename({ from, to, condition }: Of<'rename'>): Promise<void> {
    const conditions = this.#conditions(to, condition)
    const { ifMatch, ifNoneMatch } = conditions
    await this.#both(
      () => {
        const source = this.model.get(from)
        if (from === to) throw new ModelError('InvalidRequest')
        this.model.check(to, conditions)
        this.model.checkLock(source)
      },
      () =>
        this.client.send(
          new RenameObjectCommand({
            ...this.#at(to),
            RenameSource: sourceOf(this.#Bucket, from),
            ...(ifMatch === undefined ? {} : { DestinationIfMatch: ifMatch }),
            ...(ifNoneMatch === undefined ? {} : { DestinationIfNoneMatch: ifNoneMatch }),
          }),
        ),
      async () => {
        // The answer of RenameObject names no version.
        const [id, marker] = this.model.versioning === 'Enabled' ? await this.#topIds([to, from]) : ['null', 'null']
        this.model.rename(from, to, id ?? '', marker ?? '')
      },
    )
  }

  async #topIds(keys: readonly string[]): Promise<string[]> {
    const { Versions = [], DeleteMarkers = [] } = await this.client.send(
      new ListObjectVersionsCommand({ Bucket: this.#Bucket }),
    )
    const all = [...Versions, ...DeleteMarkers]
    return keys.map((key) => all.find(({ Key, IsLatest }) => Key === key && IsLatest)?.VersionId ?? '')
  }

  async setVersioning({ status: Status }: Of<'setVersioning'>): Promise<void> {
    await this.#both(
      () => {
        if (this.model.hasLock && Status === 'Suspended') throw new ModelError('InvalidBucketState')
      },
      () =>
        this.client.send(new PutBucketVersioningCommand({ Bucket: this.#Bucket, VersioningConfiguration: { Status } })),
      () => {
        this.model.versioning = Status
      },
    )
  }

  async list({ prefix, delimiter, pageSize }: Of<'list'>): Promise<void> {
    const keys: (string | undefined)[] = []
    const prefixes: (string | undefined)[] = []
    for (let ContinuationToken: string | undefined; ; ) {
      const page = await this.client.send(
        new ListObjectsV2Command({
          Bucket: this.#Bucket,
          Prefix: prefix,
          Delimiter: delimiter,
          MaxKeys: pageSize,
          ContinuationToken,
        }),
      )
      for (const { Key = '', ETag, Size } of page.Contents ?? []) {
        const { etag, body } = this.model.get(Key)
        expect([unquote(ETag), Size]).toEqual([etag, body.length])
        keys.push(Key)
      }
      prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix))
      expect((page.Contents?.length ?? 0) + (page.CommonPrefixes?.length ?? 0)).toBeLessThanOrEqual(pageSize)
      if (page.IsTruncated !== true) break
      ContinuationToken = page.NextContinuationToken
    }
    expect({ keys, prefixes }).toEqual(this.model.list(prefix, delimiter))
  }

  async listVersions({ prefix, delimiter, pageSize }: Of<'listVersions'>): Promise<void> {
    const versions: string[] = []
    const prefixes: (string | undefined)[] = []
    for (let markers: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {}; ; ) {
      const page = await this.client.send(
        new ListObjectVersionsCommand({
          Bucket: this.#Bucket,
          Prefix: prefix,
          Delimiter: delimiter,
          MaxKeys: pageSize,
          ...markers,
        }),
      )
      const here = [
        ...(page.Versions ?? []).map((version) => ({ ...version, isMarker: false })),
        ...(page.DeleteMarkers ?? []).map((version) => ({ ...version, isMarker: true })),
      ]
      versions.push(
        ...here.map(({ Key, VersionId, isMarker, IsLatest }) => `${Key} ${VersionId} ${isMarker} ${IsLatest}`),
      )
      prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix))
      expect(here.length + (page.CommonPrefixes?.length ?? 0)).toBeLessThanOrEqual(pageSize)
      if (page.IsTruncated !== true) break
      markers = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
    }
    const expected = this.model.listVersions(prefix, delimiter)
    // The SDK separates versions and markers, and so loses their order within a page.
    const inOrder = pageSize === 1 ? versions : versions.sort()
    expect({ versions: inOrder, prefixes }).toEqual(
      pageSize === 1 ? expected : { ...expected, versions: expected.versions.sort() },
    )
  }

  async createUpload({ key, color, isSealed }: Of<'createUpload'>): Promise<void> {
    const { UploadId: id = '' } = await this.client.send(
      new CreateMultipartUploadCommand({ ...this.#at(key), Metadata: { color }, ...(isSealed && sealed) }),
    )
    this.model.uploads.push({ id, key, color, parts: new Map() })
  }

  async putPart({ nth, partNumber, body }: Of<'putPart'>): Promise<void> {
    const upload = this.#nthUpload(nth)
    if (upload === undefined) return
    const Body = bytesOf(body)
    const { ETag } = await this.client.send(
      new UploadPartCommand({ ...this.#at(upload.key), UploadId: upload.id, PartNumber: partNumber, Body }),
    )
    expect(unquote(ETag)).toBe(etagOf(Body))
    upload.parts.set(partNumber, Body)
    const listed = await this.client.send(new ListPartsCommand({ ...this.#at(upload.key), UploadId: upload.id }))
    expect((listed.Parts ?? []).map((part) => [part.PartNumber, unquote(part.ETag), part.Size])).toEqual(
      [...upload.parts].sort(([a], [b]) => a - b).map(([number, bytes]) => [number, etagOf(bytes), bytes.length]),
    )
  }

  async complete({ nth, parts, condition }: Of<'complete'>): Promise<void> {
    const upload = this.#nthUpload(nth)
    if (upload === undefined || upload.parts.size === 0) return
    const { key, id: UploadId } = upload
    const sorted = [...upload.parts].sort(([a], [b]) => a - b)
    const chosen = parts === 'all' ? sorted : sorted.slice(0, 1)
    const Parts = chosen.map(([PartNumber, bytes]) => ({
      PartNumber,
      ETag: parts === 'wrong' ? etagOf(Buffer.from('wrong')) : etagOf(bytes),
    }))
    const conditions = this.#conditions(key, condition)
    await this.#both(
      () => {
        if (parts === 'wrong') throw new ModelError('InvalidPart')
        // Parts here are smaller than 5 MiB, which only the last one may be.
        if (chosen.length > 1) throw new ModelError('EntityTooSmall')
        this.model.check(key, conditions)
      },
      () =>
        this.client.send(
          new CompleteMultipartUploadCommand({
            ...this.#at(key),
            UploadId,
            MultipartUpload: { Parts },
            ...asHeaders(conditions),
          }),
        ),
      (answer) => {
        const bodies = chosen.map(([, bytes]) => bytes)
        const etag = etagOfParts(bodies)
        expect(unquote(answer.ETag)).toBe(etag)
        const made = { body: Buffer.concat(bodies), etag, color: upload.color, isComposite: true }
        this.model.put(key, made, this.#idOf(answer))
        this.#forgetUpload(upload)
      },
    )
  }

  async abort({ nth }: Of<'abort'>): Promise<void> {
    const upload = this.#nthUpload(nth)
    if (upload === undefined) return
    await this.client.send(new AbortMultipartUploadCommand({ ...this.#at(upload.key), UploadId: upload.id }))
    this.#forgetUpload(upload)
  }

  async listUploads({ prefix, pageSize }: Of<'listUploads'>): Promise<void> {
    const found: (string | undefined)[] = []
    for (let markers: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}; ; ) {
      const page = await this.client.send(
        new ListMultipartUploadsCommand({ Bucket: this.#Bucket, Prefix: prefix, MaxUploads: pageSize, ...markers }),
      )
      found.push(...(page.Uploads ?? []).map(({ UploadId }) => UploadId))
      if (page.IsTruncated !== true) break
      markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
    }
    const expected = this.model.uploads.filter(({ key }) => key.startsWith(prefix)).map(({ id }) => id)
    expect(found.sort()).toEqual(expected.sort())
  }

  async reopen(_: Of<'reopen'>): Promise<void> {
    this.client = await this.#reopen()
  }

  /** Runs the model, then the server; both fail alike, or `then` gets what both say. */
  async #both<M, A>(
    model: () => M,
    server: () => Promise<A>,
    then: (answer: A, expected: M) => void | Promise<void>,
  ): Promise<void> {
    let expected: M
    try {
      expected = model()
    } catch (error) {
      if (!(error instanceof ModelError)) throw error
      const answer = await server().then(
        () => 'success',
        (thrown: unknown) => thrown,
      )
      expect([error.code, statuses[error.code]], error.code).toContain(codeOf(answer))
      return
    }
    await then(await server(), expected)
  }

  #at(Key: string) {
    return { Bucket: this.#Bucket, Key }
  }

  #idOf(answer: { VersionId?: string | undefined }): string {
    if (this.model.versioning !== 'Enabled') return 'null'
    expect(answer.VersionId).toMatch(/^[0-9a-f]{32}$/)
    return answer.VersionId ?? ''
  }

  #conditions(key: string, condition: Of<'put'>['condition']): Condition {
    if (condition === 'none') return {}
    if (condition === 'if it is not') return { ifNoneMatch: '*' }
    const etag = this.model.versions(key)[0]?.etag || etagOf(Buffer.from('none'))
    return { ifMatch: condition === 'if it is there' ? etag : etagOf(Buffer.from('another')) }
  }

  #nthVersion(key: string, nth: number): string {
    const versions = this.model.versions(key)
    return versions[nth % Math.max(versions.length, 1)]?.id ?? noVersion
  }

  #nthUpload(nth: number): ModelUpload | undefined {
    return this.model.uploads[nth % Math.max(this.model.uploads.length, 1)]
  }

  #forgetUpload(upload: ModelUpload): void {
    this.model.uploads.splice(this.model.uploads.indexOf(upload), 1)
  }
}

const statuses: Readonly<Record<string, string>> = { NoSuchKey: '404', NoSuchVersion: '404', MethodNotAllowed: '405' }

function asHeaders({ ifMatch, ifNoneMatch }: Condition): { IfMatch?: string; IfNoneMatch?: string } {
  return {
    ...(ifMatch === undefined ? {} : { IfMatch: `"${ifMatch}"` }),
    ...(ifNoneMatch === undefined ? {} : { IfNoneMatch: ifNoneMatch }),
  }
}

/** An answer to HEAD brings no document to read a code from. */
function codeOf(error: unknown): string {
  if (!(error instanceof S3ServiceException)) return String(error)
  return error instanceof NotFound || error.name === 'Unknown' ? String(error.$metadata.httpStatusCode) : error.name
}
