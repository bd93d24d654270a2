/** What `fsck` and `--check-config` print of keys and what they encrypt. */
import type { CheckedKeys } from '#app/folder/check-keys.ts'
import { serverKeyName } from '#model/key-uses.ts'

/** A line for each key, with what is wrong with it. */
export function keyLines(counts: Readonly<Record<string, number>>, { problemOf }: CheckedKeys): string[] {
  return Object.entries(counts).map(([name, count]) => {
    const versions = count === 1 ? '1 version is' : `${count} versions are`
    const key = name === serverKeyName ? 'the key of the server (SSE-S3)' : name
    return [`${versions} encrypted with ${key}.`, problemOf(name)?.sentence]
      .filter((part) => part !== undefined)
      .join(' ')
  })
}
