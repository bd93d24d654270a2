/** The row of a small object's version, as the index holds it. */
import { encodeVersion } from '#metadata/version-codec.ts'

export function versionRow(key: string, order: string): Buffer {
  return encodeVersion({
    key,
    versionId: order,
    order,
    isDeleteMarker: false,
    sizeBytes: key.length,
    etag: 'd41d8cd98f00b204e9800998ecf8427e',
    modifiedAtMs: 1,
    partCount: 0,
    blob: { id: order, sizeBytes: key.length, kind: 0, stamp: 0, secondStamp: 0 },
    headers: {},
    userMetadata: {},
    storageClass: 'STANDARD',
    ownerId: 'owner',
  })
}
