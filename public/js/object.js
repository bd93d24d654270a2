// One object: dialogs, questions before actions that cannot be undone, and better previews.
import { watchDialogs } from './dialog.js'

watchDialogs()

document.addEventListener('submit', (event) => {
  const question = event.submitter?.dataset.confirm
  if (question !== undefined && !confirm(question)) event.preventDefault()
})

for (const media of document.querySelectorAll('[data-preview-media]')) {
  media.addEventListener('error', () => {
    const note = document.createElement('p')
    note.className = 'preview-note'
    note.textContent = 'The browser cannot show this file. Download it instead.'
    media.replaceWith(note)
  })
}

const text = document.querySelector('[data-preview-text]')
if (text?.dataset.previewText === 'json' && text.dataset.isCut === 'false') {
  import('./json-tree.js').then(({ showTree }) => showTree(text))
} else if (text !== null && text.dataset.previewText !== 'text') {
  import('./highlight.js').then(({ highlight }) => highlight(text))
}

const pdf = document.querySelector('[data-pdf]')
if (pdf !== null) import('./pdf.js').then(({ showPdf }) => showPdf(pdf))
