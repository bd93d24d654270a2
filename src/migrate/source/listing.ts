/** Lists the keys of a bucket with their versions, page by page. */
import type {
  DeleteMarkerEntry,
  _Object as ListedObject,
  ObjectVersion as ListedVersion,
  ListObjectVersionsCommandInput,
  ListObjectVersionsCommandOutput,
} from '@aws-sdk/client-s3'
import { keepDocument, type SdkClient } from './sdk-client.ts'
import type { History, SourceVersion } from './source.ts'

interface Place {
  readonly bucket: string
  readonly prefix: string
}

/** Only current versions. */
export async function* listCurrent({ sdk, s3 }: SdkClient, { bucket, prefix }: Place): AsyncGenerator<History> {
  let ContinuationToken: string | undefined
  do {
    const page = await s3.send(
      new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, EncodingType: 'url', ContinuationToken }),
    )
    for (const listed of page.Contents ?? []) {
      const key = keyOf(listed, page.EncodingType)
      yield { key, versions: [versionOf(key, listed)] }
    }
    ContinuationToken = page.IsTruncated === true ? page.NextContinuationToken : undefined
  } while (ContinuationToken !== undefined)
}

/** Every version and delete marker. Those of one key may be on several pages. */
export async function* listHistories(client: SdkClient, place: Place): AsyncGenerator<History> {
  let key: string | undefined
  let newestFirst: SourceVersion[] = []
  for await (const version of listVersions(client, place)) {
    if (key !== undefined && version.key !== key) {
      yield { key, versions: newestFirst.reverse() }
      newestFirst = []
    }
    key = version.key
    newestFirst.push(version)
  }
  if (key !== undefined) yield { key, versions: newestFirst.reverse() }
}

async function* listVersions({ sdk, s3 }: SdkClient, { bucket, prefix }: Place): AsyncGenerator<SourceVersion> {
  let [KeyMarker, VersionIdMarker]: (string | undefined)[] = []
  for (;;) {
    const asked: ListObjectVersionsCommandInput = { Bucket: bucket, Prefix: prefix, EncodingType: 'url' }
    const command = new sdk.ListObjectVersionsCommand({ ...asked, KeyMarker, VersionIdMarker })
    const document = keepDocument(command)
    const page: ListObjectVersionsCommandOutput = await s3.send(command)
    for (const { entry, isDeleteMarker } of inOrder(document(), page)) {
      const key = keyOf(entry, page.EncodingType)
      const version = versionOf(key, entry)
      yield { ...version, isDeleteMarker, versionId: entry.VersionId ?? 'null' }
    }
    if (page.IsTruncated !== true || page.NextKeyMarker === undefined) return
    KeyMarker = decoded(page.NextKeyMarker, page.EncodingType)
    VersionIdMarker = page.NextVersionIdMarker
  }
}

type Entry = ListedVersion | DeleteMarkerEntry

/** Restores the order of the document: the SDK separates the two kinds, and times in seconds are too coarse. */
function* inOrder(
  document: Buffer,
  page: { readonly Versions?: ListedVersion[] | undefined; readonly DeleteMarkers?: DeleteMarkerEntry[] | undefined },
): Generator<{ entry: Entry; isDeleteMarker: boolean }> {
  const versions = (page.Versions ?? []).values()
  const deleteMarkers = (page.DeleteMarkers ?? []).values()
  for (const [, name] of document.toString().matchAll(/<(?:\w+:)?(Version|DeleteMarker)[\s>]/g)) {
    const isDeleteMarker = name === 'DeleteMarker'
    const { value: entry } = isDeleteMarker ? deleteMarkers.next() : versions.next()
    if (entry !== undefined) yield { entry, isDeleteMarker }
  }
}

function versionOf(key: string, listed: ListedObject | Entry): SourceVersion {
  const { LastModified } = listed
  const { ETag = '', Size = 0 } = listed as ListedObject
  if (LastModified === undefined) throw new Error(`The source lists ${JSON.stringify(key)} without its time.`)
  return {
    key,
    versionId: undefined,
    isDeleteMarker: false,
    etag: ETag.replaceAll('"', ''),
    sizeBytes: Size,
    modifiedAtMs: LastModified.getTime(),
  }
}

const keyOf = ({ Key = '' }: { readonly Key?: string | undefined }, encoding: string | undefined): string =>
  decoded(Key, encoding)

const decoded = (text: string, encoding: string | undefined): string =>
  encoding === 'url' ? decodeURIComponent(text.replaceAll('+', ' ')) : text
