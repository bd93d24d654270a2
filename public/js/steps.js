// Long work on what is selected: the server does a step at a time and says what is left, so that a bar can move.
import { requestJson } from './request.js'
import { toast } from './toast.js'

const count = (number) => number.toLocaleString()

/** @param {HTMLFormElement} form */
export async function runSteps(form) {
  if (form.dataset.steps === 'empty') return emptyAndDelete(form)
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
      const step = await requestJson(form.getAttribute('action'), {
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

/** All versions go first, a step at a time; then the form is sent, and the bucket with it. */
async function emptyAndDelete(form) {
  const progress = form.querySelector('[data-step-progress]')
  const text = form.querySelector('[data-step-text]')
  const body = new URLSearchParams(new FormData(form))
  const buttons = form.querySelectorAll('button, input')
  for (const button of buttons) button.disabled = true
  progress.hidden = false
  let done = 0
  const failed = []
  try {
    let from
    while (body.has('empty')) {
      const step = await requestJson(form.dataset.empty, { method: 'POST', json: { from } })
      done += step.done
      failed.push(...step.failed)
      text.textContent = `${count(done)} deleted`
      if (step.next === undefined) break
      from = step.next
    }
    if (failed.length > 0)
      throw new Error(`${count(failed.length)} could not be deleted. ${failed[0].key}: ${failed[0].message}`)
    const answer = await fetch(form.getAttribute('action'), { method: 'POST', body, headers: { 'x-part': 'dialog' } })
    const to = answer.headers.get('x-redirect')
    if (!to) throw new Error('The bucket could not be deleted: something may have been put into it meanwhile.')
    location.assign(to)
  } catch (error) {
    text.textContent = error.message
    for (const button of buttons) button.disabled = false
  }
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
