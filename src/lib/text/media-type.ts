import { lookup } from 'mime-types'

/** The media type of a file name's extension; undefined if it is unknown. */
export const mediaTypeOf = (name: string): string | undefined => lookup(name) || undefined
