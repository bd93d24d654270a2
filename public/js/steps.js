// Long work on what is selected: the server does a step at a time and says what is left, so that a bar can move.
import { requestJson } from './request.js'
import { toast } from './toast.js'

const count = (number) => number.toLocaleString()

/** @param {HTMLFormElement} form */
export async function runSteps(form) {
  const fields = new FormData(form)
  const progress = form.querySelector('[data-step-progress]')
  const text = form.querySelector('[data-step-text]')
  const buttons = form.querySelectorAll('button, input, select')
  progress.hidden = false
  for (const button of buttons) button.disabled = true
  let total = { done: 0, failed: [], left: sourcesIn(fields) }
  const only = total.left.every((source) => 'key' in source) ? total.left.length : undefined
  try {
    while (total.left.length > 0) {
      const step = await requestJson(form.action, {
        method: 'POST',
        json: askedIn(form.dataset.steps, fields, total.left),
      })
      total = {
        done: total.done + step.done,
        failed: [...total.failed, ...step.failed].slice(0, 1000),
        left: step.left,
      }
      const bar = progress.querySelector('progress')
      if (only !== undefined) {
        bar.max = only
        bar.value = total.done + total.failed.length
      }
      text.textContent =
        only === undefined ? `${count(total.done)} done` : `${count(total.done)} of ${count(only)} done`
    }
  } catch (error) {
    text.textContent = `${count(total.done)} done. ${error.message}`
    for (const button of buttons) button.disabled = false
    return
  }
  if (total.failed.length === 0) {
    location.reload()
    return
  }
  text.textContent = `${count(total.done)} done, ${count(total.failed.length)} not:`
  form.querySelector('[data-step-failed]').replaceChildren(
    ...total.failed.slice(0, 50).map(({ key, message }) => {
      const item = document.createElement('li')
      item.textContent = `${key}: ${message}`
      return item
    }),
  )
  toast(`${count(total.failed.length)} could not be done.`, 'failed')
  form.closest('dialog')?.addEventListener('close', () => location.reload(), { once: true })
}

const sourcesIn = (fields) => [
  ...fields.getAll('key').map((key) => ({ key })),
  ...fields.getAll('prefix').map((prefix) => ({ prefix })),
]

function askedIn(kind, fields, sources) {
  if (kind === 'delete') return { sources }
  const mode = fields.get('mode')
  const base = fields.get('base')
  const text = fields.get('target')
  const isFolder = fields.has('prefix')
  const parent = base.slice(0, base.replace(/\/$/, '').lastIndexOf('/') + 1)
  const folder = text === '' || text.endsWith('/') ? text : `${text}/`
  return {
    sources,
    base,
    targetBucket:
      fields.get('targetBucket') ??
      document.querySelector('[data-bucket]')?.dataset.bucket ??
      location.pathname.split('/')[3],
    target: mode === 'rename' ? `${parent}${text}${isFolder ? '/' : ''}` : folder,
    isMove: mode !== 'copy',
    isReplace: fields.has('replace'),
  }
}
