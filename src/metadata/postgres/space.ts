/**
 * Each space has tables of its own, so that rows that are rewritten all the time are vacuumed apart from those of
 * objects.
 */
export const spaces = ['index', 'journal'] as const
export type Space = (typeof spaces)[number]

/** Rows that the numbers of one counter are spread over. */
export const slotCount = 16
