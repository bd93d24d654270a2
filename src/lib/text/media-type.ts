import { lookup } from 'mime-types'

/** The media type that the extension of a file's name stands for; undefined if it stands for none. */
export const mediaTypeOf = (name: string): string | undefined => lookup(name) || undefined
