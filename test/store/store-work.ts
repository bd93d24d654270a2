import type { Store } from '#store/contract.ts'

/** One piece of a store's own work, with its figures by name. */
export async function workOf(store: Store, name: string) {
  const status = (await store.status()).find((one) => one.name === name)
  if (status === undefined) throw new Error(`The store has no work ${name}`)
  const figures: Record<string, number> = Object.fromEntries(status.figures.map((one) => [one.name, one.value]))
  return { ...status, figures }
}
