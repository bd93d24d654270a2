// Files and whole folders, from the file chooser or from drag and drop.

/** @typedef {{ file: File, path: string }} Chosen */

/**
 * @param {boolean} isFolder
 * @returns {Promise<Chosen[]>}
 */
export function filesOfInput(isFolder) {
  const input = document.createElement('input')
  input.type = 'file'
  input.multiple = true
  input.webkitdirectory = isFolder
  return new Promise((resolve) => {
    input.addEventListener('change', () =>
      resolve([...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }))),
    )
    input.addEventListener('cancel', () => resolve([]))
    input.click()
  })
}

/**
 * @param {DataTransfer} transfer
 * @returns {Promise<Chosen[]>}
 */
export async function filesOfDrop(transfer) {
  // The items are removed after this turn of the event loop; the entries are not.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean)
  if (entries.length === 0) return [...transfer.files].map((file) => ({ file, path: file.name }))
  const found = []
  for (const entry of entries) await collect(entry, '', found)
  return found
}

async function collect(entry, folder, found) {
  const path = folder + entry.name
  if (entry.isFile) {
    found.push({ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), path })
    return
  }
  const reader = entry.createReader()
  // A call returns at most a hundred.
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) return
    for (const one of some) await collect(one, `${path}/`, found)
  }
}
