/**
 * Adds to a table that has a bound. A full table loses the entry that was added first: to lose all at once would let a stranger
 * who makes names up clear what is remembered of the others.
 */
export function rememberUpTo<K, V>(table: Map<K, V>, max: number, key: K, value: V): void {
  table.delete(key)
  table.set(key, value)
  if (table.size <= max) return
  for (const oldest of table.keys()) {
    table.delete(oldest)
    return
  }
}
