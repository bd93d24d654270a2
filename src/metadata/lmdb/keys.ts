/** The limits of LMDB's keys. */
import type { Bytes } from '#metadata/engine.ts'

/** LMDB takes no longer key, so none is stored and reading one finds nothing. */
export const keyBytesMax = 1978

export const isStorable = (key: Bytes): boolean => key.length <= keyBytesMax

/** A longer key can still be the bound of a range. Cutting it here does not change the entries in the range. */
export const cut = (key: Bytes): Bytes => (isStorable(key) ? key : key.subarray(0, keyBytesMax))
