// Links and buttons with data-dialog open a question in a dialog. Without a script the question is a page.

import { csrf } from './request.js'
import { renewToken, signInAgain } from './session.js'
import { runSteps } from './steps.js'
import { localTimes } from './times.js'
import { toast } from './toast.js'

const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById('dialog'))

export function watchDialogs() {
  if (dialog === null) return
  document.addEventListener('click', (event) => {
    const link = /** @type {HTMLElement} */ (event.target).closest('a[data-dialog]')
    if (link === null || event.metaKey || event.ctrlKey) return
    event.preventDefault()
    show(link.href)
  })
  document.addEventListener('submit', (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target)
    const button = event.submitter
    if (button?.matches('[data-dialog]')) {
      event.preventDefault()
      show(button.getAttribute('formaction') ?? actionOf(form), fieldsOf(form, button))
    } else if (dialog.contains(form) && form.getAttribute('method') === 'post') {
      event.preventDefault()
      if (form.dataset.steps) runSteps(form)
      else show(actionOf(form), fieldsOf(form, button))
    }
  })
  dialog.addEventListener('click', (event) => {
    const closes = /** @type {HTMLElement} */ (event.target).closest('a[data-closes]')
    if (closes) event.preventDefault()
  })
  dialog.addEventListener('close', () => dialog.replaceChildren())
}

/** A field named `action` or `method` would hide the form's property. */
const actionOf = (form) => form.getAttribute('action')

const fieldsOf = (form, button) => new URLSearchParams(new FormData(form, button))

/** @param {string} url @param {URLSearchParams} [body] */
async function show(url, body) {
  const answer = await ask(url, body)
  const to = answer?.headers.get('x-redirect')
  if (answer === undefined) return toast('The server cannot be reached. Try again.', 'failed')
  if (to) {
    // The same page with another message must be fetched again.
    if (new URL(to, location.href).href === location.href) location.reload()
    else location.assign(to)
    return
  }
  const part = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const form = part.querySelector('.dialog-body')
  // Not a question, but a page with an error. The content of the dialog stays.
  if (form === null)
    return toast(part.querySelector('[data-reason], h1')?.textContent ?? 'The request failed.', 'failed')
  form.classList.remove('card')
  dialog.replaceChildren(form)
  localTimes(dialog)
  if (!dialog.open) dialog.showModal()
  const first = dialog.querySelector('[autofocus]')
  first?.focus()
  if (first instanceof HTMLInputElement && first.type === 'text') first.select()
}

/** Sends it again after a new sign-in. Undefined if there is no answer. */
async function ask(url, body) {
  const answer = await send(url, body)
  if (answer === undefined) return undefined
  const isSignedOut = /\/ui\/sign-in(\?|$)/.test(answer.headers.get('x-redirect') ?? '')
  const isStale = answer.headers.get('x-form') === 'stale'
  if (!isSignedOut && !isStale) return answer
  const isThere = isSignedOut ? await signInAgain() : (await renewToken()) === 'renewed'
  // Cancelled: the dialog is not changed.
  if (!isThere) return isSignedOut ? new Response('<h1>Sign in to continue.</h1>') : answer
  body?.set('csrf', csrf())
  return send(url, body)
}

function send(url, body) {
  const options = { method: body === undefined ? 'GET' : 'POST', body, headers: { 'x-part': 'dialog' } }
  return fetch(url, options).catch(() => undefined)
}
