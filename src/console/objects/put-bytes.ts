/** Stores what a visitor sends, or what the console itself makes. */
import { Readable } from 'node:stream'
import type { ConsoleServices, Visit } from '#console/page.ts'
import type { ObjectHeaders, ObjectVersion } from '#model/object.ts'
import { ownerOfNewObject } from '#model/object-ownership.ts'
import type { IncomingBody, WriteConditions } from '#store/contract.ts'

export interface PutOptions {
  readonly conditions: WriteConditions
  readonly headers?: ObjectHeaders
}

export function putBytes(
  visit: Visit,
  services: ConsoleServices,
  key: string,
  bytes: Buffer,
  options: PutOptions,
): Promise<ObjectVersion> {
  const source = Readable.from([bytes], { objectMode: false })
  return putBody(visit, services, key, { source, sizeBytes: bytes.length }, options)
}

export async function putBody(
  { bucket, principal }: Visit,
  { store, config }: ConsoleServices,
  key: string,
  body: Pick<IncomingBody, 'source' | 'sizeBytes'>,
  { conditions, headers = {} }: PutOptions,
): Promise<ObjectVersion> {
  const staged = await store.stage({ ...body, maxBytes: config.maxUploadBytes, algorithms: [] })
  const value = staged.digests.get('CRC64NVME')?.toString('base64') ?? ''
  return store.putObject({
    bucket,
    key,
    staged,
    attributes: {
      headers,
      userMetadata: {},
      storageClass: 'STANDARD',
      ownerId: ownerOfNewObject(bucket, principal.canonicalId, false),
    },
    checksum: { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value },
    conditions,
  })
}
