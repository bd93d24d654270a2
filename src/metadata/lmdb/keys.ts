/** What LMDB takes as a key. */
import type { Bytes } from '#metadata/engine.ts'

/** It takes no longer one, so none is stored: to look for one finds nothing. */
export const keyBytesMax = 1978

export const isStorable = (key: Bytes): boolean => key.length <= keyBytesMax

/** A range may begin or end with a longer one all the same, cut here without changing what is in it. */
export const cut = (key: Bytes): Bytes => (isStorable(key) ? key : key.subarray(0, keyBytesMax))
