import { rowKey } from './tables.ts'

/** Which blob store has the bytes; absent: plain files. */
export const storeKey: Buffer = rowKey('g', 'blobs')
