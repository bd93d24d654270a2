/**
 * Rows whose files could not be moved or removed, for example in a folder that is not writable. They stay in the index,
 * and are played again at growing intervals.
 */
export interface StuckRow<Row> {
  readonly row: Row
  /** The time until the next attempt. */
  readonly waitMs: number
}

const waitMaxMs = 60_000

export class StuckRows<Row> {
  readonly #onDue: () => void
  #rows: (StuckRow<Row> & { readonly dueAtMs: number })[] = []
  #timer: NodeJS.Timeout | undefined
  /** Infinity: no timer runs. */
  #timerAtMs = Number.POSITIVE_INFINITY

  constructor(onDue: () => void) {
    this.#onDue = onDue
  }

  keep(row: Row, waitMs = waitMaxMs): void {
    const boundedMs = Math.min(waitMs, waitMaxMs)
    const dueAtMs = performance.now() + boundedMs
    this.#rows.push({ row, waitMs: boundedMs, dueAtMs })
    if (dueAtMs < this.#timerAtMs) this.#wakeAt(dueAtMs)
  }

  /** Removes and returns the rows that are due, or all. */
  take({ areAllDue }: { readonly areAllDue: boolean }): StuckRow<Row>[] {
    const now = performance.now()
    const due = this.#rows.filter(({ dueAtMs }) => areAllDue || dueAtMs <= now)
    if (due.length === 0 && this.#timerAtMs !== Number.POSITIVE_INFINITY) return due
    this.#rows = this.#rows.filter(({ dueAtMs }) => !areAllDue && dueAtMs > now)
    this.#wakeAt(this.#rows.reduce((next, { dueAtMs }) => Math.min(next, dueAtMs), Number.POSITIVE_INFINITY))
    return due
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#rows = []
  }

  #wakeAt(atMs: number): void {
    clearTimeout(this.#timer)
    this.#timerAtMs = atMs
    if (atMs === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => this.#wake(), Math.ceil(Math.max(0, atMs - performance.now())) + 1).unref()
  }

  /** Timers may fire early. If no row is due yet, `take` waits again. */
  #wake(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY
    this.#onDue()
  }
}
