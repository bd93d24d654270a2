// Remembers unfinished uploads in parts. If the same file is chosen again after a reload, its upload continues.
const name = 'myfsio-uploads'
const keptMs = 7 * 24 * 60 * 60 * 1000

const labelOf = (bucket, { key, file }) => JSON.stringify([bucket, key, file.size, file.lastModified])

function read() {
  try {
    const all = JSON.parse(localStorage.getItem(name) ?? '{}')
    return Object.fromEntries(Object.entries(all).filter(([, { atMs }]) => Date.now() - atMs < keptMs))
  } catch {
    return {}
  }
}

function write(all) {
  try {
    localStorage.setItem(name, JSON.stringify(all))
  } catch {
    // Without storage uploads start again after a reload.
  }
}

/** @returns {{ uploadId: string, partBytes: number } | undefined} */
export const rememberedUpload = (bucket, transfer) => read()[labelOf(bucket, transfer)]

export const rememberUpload = (bucket, transfer, { uploadId, partBytes }) =>
  write({ ...read(), [labelOf(bucket, transfer)]: { uploadId, partBytes, atMs: Date.now() } })

export function forgetUpload(bucket, transfer) {
  const { [labelOf(bucket, transfer)]: _, ...rest } = read()
  write(rest)
}

/** Keys of this bucket with interrupted uploads. */
export function interruptedUploads(bucket) {
  return Object.keys(read())
    .map((label) => JSON.parse(label))
    .filter(([of]) => of === bucket)
    .map(([, key]) => key)
}
