/** What clients of a history do. */
import type { Random } from '../random.ts'
import type { Client } from './history.ts'

/** The second one needs a folder, the third cannot be a path. */
export const keys = ['a', 'dir/c', 'op//q']
const without = (key: string) => keys.filter((other) => other !== key)

export const pick = <T>(of: readonly T[], random: Random): T => of[Math.floor(random() * of.length)] as T

export async function useKeys(client: Client, goesOn: () => boolean, random: Random, renames: boolean): Promise<void> {
  while (goesOn()) {
    if (random() < 0.2) client.reconnect()
    const key = pick(keys, random)
    // Now and then one that is not in the index's commit.
    const value = client.newValue(random() < 0.1 ? 70_000 : 20 + Math.floor(random() * 100))
    const before = await client.read(key)
    const choice = random()
    if (before.value === undefined || choice < 0.2) await client.create(key, value)
    else if (choice < 0.4 && renames) await client.rename(key, before, pick(without(key), random))
    else if (choice < 0.5) await client.append(key, before, value)
    else if (choice < 0.6) await client.replace(key, before, value)
    else if (choice < 0.75) await client.remove(key, before)
    else if (choice < 0.85) await client.remove(key)
    else await client.write(key, value)
  }
}

export async function onlyRead(client: Client, goesOn: () => boolean, random: Random): Promise<void> {
  while (goesOn()) {
    if (random() < 0.1) client.reconnect()
    await client.read(pick(keys, random))
  }
}
