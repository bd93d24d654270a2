import { rowKey } from './tables.ts'

/** The row that names the blob store of the bytes. If it is absent, they are plain files. */
export const storeKey: Buffer = rowKey('g', 'blobs')
