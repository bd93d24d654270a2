/** Writes a bucket setting from its document with the operation of S3, on behalf of the program. */
import { Readable } from 'node:stream'
import type { Actor } from '#objects/actor.ts'
import type { S3Request, Services } from '#s3/operation.ts'
import { operations } from '#s3/operations.ts'

export interface SettingToWrite {
  readonly bucketName: string
  readonly subresource: string
  readonly document: Buffer
}

/** Returns false if this server does not support the setting. Throws the error of the operation. */
export async function writeSetting(
  services: Services,
  actor: Actor,
  { bucketName, subresource, document }: SettingToWrite,
): Promise<boolean> {
  const row = operations.find(({ route }) => route === `PUT bucket ?${subresource}`)
  if (row === undefined || row.isUnserved) return false
  const bucket = await services.store.getBucket(bucketName)
  // The document comes from our own request: its checksum was checked there.
  const headers = { 'content-md5': '' }
  const query = new Map([[subresource, '']])
  const facts = { ...actor.facts, method: 'PUT', headers, query }
  const missing = async () => {
    throw new Error('a setting of a bucket has no object')
  }
  const request: S3Request = {
    ...{ id: '', operation: row.name, method: 'PUT', headers, query, values: () => [] },
    ...{ bucketName, bucket, key: '', bucketUrl: '', facts, actor },
    caller: { principal: actor.principal, via: 'anonymous', payload: { kind: 'unsigned' } },
    body: {
      sizeBytes: document.length,
      raw: Readable.from([]),
      incoming: () => {
        throw new Error('a setting is a document')
      },
      verify: () => undefined,
      trailers: () => ({}),
      document: async () => document,
      documentStart: undefined,
    },
    authorize: () => undefined,
    version: missing,
    open: missing,
  }
  await row.run(request, services)
  return true
}
