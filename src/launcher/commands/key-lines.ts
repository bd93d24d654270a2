/** Lines that `fsck` and `--check-config` print about keys. */
import type { CheckedKeys } from '#app/folder/check-keys.ts'
import { serverKeyName } from '#model/key-uses.ts'

/** One line for each key: how much it encrypts, and its problem if it has one. */
export function keyLines(counts: Readonly<Record<string, number>>, { problemOf }: CheckedKeys): string[] {
  return Object.entries(counts).map(([name, count]) => {
    const versions = count === 1 ? '1 version is' : `${count} versions are`
    const key = name === serverKeyName ? 'the key of the server (SSE-S3)' : name
    return [`${versions} encrypted with ${key}.`, problemOf(name)?.sentence]
      .filter((part) => part !== undefined)
      .join(' ')
  })
}
