/** Each space has its own tables, so that rows with many changes are vacuumed apart from those of objects. */
export const spaces = ['index', 'journal'] as const
export type Space = (typeof spaces)[number]

/** Number of rows over which one counter is spread. */
export const slotCount = 16
