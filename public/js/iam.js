// Pages of identities: coloured policies, templates, questions before actions that cannot be undone, credentials as a
// file.
import { jsonEditor } from './json-editor.js'

const editors = new Map()
for (const place of document.querySelectorAll('[data-editor]')) editors.set(place, jsonEditor(place))

function fill(form, text) {
  const place = form.querySelector('[data-editor]')
  place.querySelector('textarea').value = text
  editors.get(place).draw()
}

document.addEventListener('change', ({ target }) => {
  if (target.matches('[data-template-choice]')) fill(target.form, target.value)
})
document.addEventListener('click', ({ target }) => {
  const template = target.closest('[data-template]')
  if (template) fill(template.closest('form'), template.dataset.template)
  const download = target.closest('[data-download]')
  if (download) {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([download.dataset.text], { type: 'application/octet-stream' }))
    link.download = download.dataset.download
    link.click()
    URL.revokeObjectURL(link.href)
  }
})
for (const button of document.querySelectorAll('[data-download]')) button.hidden = false

document.addEventListener('submit', (event) => {
  const question = event.submitter?.dataset.confirm
  if (question !== undefined && !confirm(question)) event.preventDefault()
})
