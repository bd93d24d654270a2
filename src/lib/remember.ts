/**
 * Adds to a bounded table. A full table loses its oldest entry. Clearing it would let a client with made-up names
 * remove all others.
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
