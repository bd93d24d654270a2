// Uploads: chosen, dropped or pasted files become a queue that can be paused and resumed, also after a reload.
import { UploadQueue } from './upload-queue.js'
import { filesOfDrop, filesOfInput } from './upload-sources.js'
import { TransferList } from './upload-view.js'

const form = document.querySelector('[data-selection]')
const open = document.querySelector('[data-upload-open]')
const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById('upload'))

if (form.dataset.mayWrite === 'true' && open !== null && dialog !== null) start()

function start() {
  const { bucket, prefix, partBytesMax } = form.dataset
  const queue = new UploadQueue({ bucket, partBytesMax: Number(partBytesMax) })
  new TransferList(queue)
  const isReplacing = dialog.querySelector('[data-replace]')
  const add = (files) => {
    if (files.length === 0) return
    dialog.close()
    queue.add(
      files.map(({ file, path }) => ({ file, key: prefix + path })),
      isReplacing.checked,
    )
  }

  open.hidden = false
  open.addEventListener('click', () => dialog.showModal())
  for (const button of dialog.querySelectorAll('[data-choose]')) {
    button.addEventListener('click', async () => add(await filesOfInput(button.dataset.choose === 'folder')))
  }

  const veil = document.querySelector('[data-drop-veil]')
  let depth = 0
  const hasFiles = (event) => event.dataTransfer?.types.includes('Files')
  document.addEventListener('dragenter', (event) => {
    if (!hasFiles(event)) return
    depth++
    veil.hidden = false
  })
  document.addEventListener('dragleave', () => {
    depth = Math.max(0, depth - 1)
    veil.hidden = depth === 0
  })
  document.addEventListener('dragover', (event) => {
    if (hasFiles(event)) event.preventDefault()
  })
  document.addEventListener('drop', async (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    depth = 0
    veil.hidden = true
    add(await filesOfDrop(event.dataTransfer))
  })
  document.addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])]
    if (files.length > 0) add(files.map((file) => ({ file, path: file.name })))
  })
  addEventListener('beforeunload', (event) => {
    if (queue.isBusy) event.preventDefault()
  })
  // The rows are reloaded after the last upload, unless the user is busy in the list.
  queue.addEventListener('idle', () => {
    const isAlone = !form.classList.contains('has-selection') && document.querySelector('dialog[open]') === null
    if (isAlone && queue.doneCount > 0) document.querySelector('[data-live]').dispatchEvent(new Event('input'))
  })
}
