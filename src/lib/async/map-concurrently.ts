/**
 * Works on several items at a time, so that they can share a flush. Items that touch the same name run one after the
 * other, in order.
 */
interface Options<Item> {
  readonly atOnceMax: number
  /** Names that the item reads or changes. */
  readonly touches: (item: Item) => readonly string[]
}

/**
 * Results in the order of the items. After an error no further item begins; it is thrown once all running items have
 * ended.
 */
export async function mapConcurrently<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  { atOnceMax, touches }: Options<Item>,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const turns = new Turns()
  const running = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  let onEnd: () => void = () => undefined
  const run = async (item: Item, at: number, before: Promise<unknown> | undefined) => {
    try {
      if (before !== undefined) await before
      if (failure === undefined) results[at] = await work(item)
    } catch (error) {
      failure ??= { error }
    }
  }
  let count = 0
  for await (const item of items) {
    const names = touches(item)
    const one = run(item, count++, turns.before(names)).then(() => {
      running.delete(one)
      turns.end(names, one)
      onEnd()
    })
    running.add(one)
    turns.begin(names, one)
    if (running.size >= atOnceMax) {
      await new Promise<void>((resolve) => {
        onEnd = resolve
      })
    }
    if (failure !== undefined) break
  }
  await Promise.all(running)
  if (failure !== undefined) throw failure.error
  return results
}

/** The last item for each name: it waits for the one before it. */
class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  before(names: readonly string[]): Promise<unknown> | undefined {
    const found = names.map((name) => this.#last.get(name)).filter((one) => one !== undefined)
    return found.length === 0 ? undefined : Promise.all(found)
  }

  begin(names: readonly string[], one: Promise<unknown>): void {
    for (const name of names) this.#last.set(name, one)
  }

  end(names: readonly string[], one: Promise<unknown>): void {
    for (const name of names) if (this.#last.get(name) === one) this.#last.delete(name)
  }
}
