/** Reads annotations one at a time: a version may have 1,000 of 1 MiB. */
import type { AnnotationEntry, ListObjectAnnotationsOutput } from '@aws-sdk/client-s3'
import { checksumAlgorithms } from '#model/object/object.ts'
import type { ImportedAnnotation } from '#store/annotations/contract.ts'
import { refusalOf } from './refusal.ts'
import { keepDocument, type SdkClient } from './sdk-client.ts'
import type { Refusal, SourceVersion } from './source.ts'

interface Which {
  readonly Bucket: string
  readonly Key: string
  readonly VersionId: string | undefined
}

export async function readAnnotations(
  client: SdkClient,
  Bucket: string,
  { key: Key, versionId: VersionId }: SourceVersion,
): Promise<AsyncIterable<ImportedAnnotation> | Refusal | undefined> {
  const which = { Bucket, Key, VersionId }
  try {
    const first = await list(client, which, undefined)
    return (first.Annotations ?? []).length === 0 ? undefined : each(client, which, first)
  } catch (error) {
    return refusalOf(error)
  }
}

function list({ sdk, s3 }: SdkClient, which: Which, ContinuationToken: string | undefined) {
  const command = new sdk.ListObjectAnnotationsCommand({ ...which, ContinuationToken })
  keepDocument(command, 'ListObjectAnnotationsResult')
  return s3.send(command)
}

async function* each(client: SdkClient, which: Which, first: ListObjectAnnotationsOutput) {
  for (let page = first; ; ) {
    for (const entry of page.Annotations ?? []) yield await readOne(client, which, entry)
    if (!page.NextContinuationToken) return
    page = await list(client, which, page.NextContinuationToken)
  }
}

async function readOne(
  { sdk, s3 }: SdkClient,
  which: Which,
  { AnnotationName: name = '', LastModified, ChecksumAlgorithm: used = [] }: AnnotationEntry,
): Promise<ImportedAnnotation> {
  const answer = await s3.send(new sdk.GetObjectAnnotationCommand({ ...which, AnnotationName: name }))
  const payload = await answer.AnnotationPayload?.transformToByteArray()
  return {
    name,
    bytes: Buffer.from(payload ?? []),
    modifiedAtMs: LastModified?.getTime() ?? 0,
    algorithm: checksumAlgorithms.find((one) => used.includes(one)) ?? 'CRC64NVME',
  }
}
