/** One thing that `myfsio fsck` found. */
export interface Finding {
  readonly kind:
    | 'missing'
    | 'damaged'
    | 'changed'
    | 'linked'
    | 'unreadable'
    | 'unknown'
    | 'leftover'
    | 'counter'
    | 'row'
  /** Bucket and key with the version's id, or a path. */
  readonly where: string
  /** A sentence. */
  readonly what: string
  /** What was done about it; undefined: nothing. */
  readonly repair: string | undefined
}
