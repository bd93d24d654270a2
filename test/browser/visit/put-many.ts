import { Readable } from 'node:stream'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { Store } from '#store/contract.ts'

/** Small objects `many/0000` and on. */
export async function putMany(store: Store, bucket: Bucket, count: number): Promise<void> {
  const attributes = { headers: {}, userMetadata: {}, storageClass: 'STANDARD', ownerId: bucket.ownerId } as const
  await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const source = Readable.from([Buffer.from('x')])
      const staged = await store.stage({ source, sizeBytes: 1, maxBytes: 1, algorithms: [] })
      const value = staged.digests.get('CRC64NVME')?.toString('base64') ?? ''
      const checksum = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value } as const
      const key = `many/${String(at).padStart(4, '0')}`
      await store.putObject({ bucket, key, staged, attributes, checksum, conditions: {} })
    }),
  )
}
