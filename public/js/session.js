// A page may be open for longer than its session. The visitor then signs in again in a dialog, and typed text is kept.
import { at } from './base.js'
import { toast } from './toast.js'

/** @type {Promise<boolean> | undefined} */
let asking

/**
 * Puts the token of the present session into the page.
 * @returns {Promise<'renewed' | 'signed-out' | 'unreachable'>}
 */
export async function renewToken() {
  const answer = await fetch(at('/ui/token'), { headers: { accept: 'application/json' } }).catch(() => undefined)
  if (answer === undefined || answer.status >= 500) return 'unreachable'
  if (!answer.ok) return 'signed-out'
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const token = page.querySelector('meta[name=csrf]')?.content
  if (token === undefined) return 'signed-out'
  document.querySelector('meta[name=csrf]').content = token
  for (const input of document.querySelectorAll('input[name=csrf]')) input.value = token
  return 'renewed'
}

/** Asks once for all callers. @returns {Promise<boolean>} whether there is a session now */
export function signInAgain() {
  asking ??= ask().finally(() => {
    asking = undefined
  })
  return asking
}

async function ask() {
  const first = await fetchForm()
  if (first === undefined) return (await renewToken()) === 'renewed'
  const dialog = document.createElement('dialog')
  dialog.setAttribute('aria-label', 'Sign in again')
  dialog.append(prepared(first))
  document.body.append(dialog)
  dialog.showModal()
  return new Promise((resolve) => {
    let isSignedIn = false
    dialog.addEventListener('submit', async (event) => {
      event.preventDefault()
      const form = /** @type {HTMLFormElement} */ (event.target)
      const button = form.querySelector('button.primary')
      button.disabled = true
      const body = new URLSearchParams(new FormData(form))
      const options = { method: 'POST', body, headers: { 'x-part': 'dialog' } }
      const answer = await fetch(form.getAttribute('action'), options).catch(() => undefined)
      isSignedIn = answer?.headers.has('x-redirect') === true && (await renewToken()) === 'renewed'
      if (isSignedIn) return dialog.close()
      button.disabled = false
      if (answer === undefined) return toast('The server cannot be reached.', 'failed')
      const again = formIn(await answer.text())
      if (again !== null) dialog.replaceChildren(prepared(again))
    })
    dialog.addEventListener('close', () => {
      dialog.remove()
      resolve(isSignedIn)
    })
  })
}

async function fetchForm() {
  const answer = await fetch(at('/ui/sign-in')).catch(() => undefined)
  if (answer === undefined) {
    toast('The server cannot be reached.', 'failed')
    return undefined
  }
  return formIn(await answer.text()) ?? undefined
}

const formIn = (html) => new DOMParser().parseFromString(html, 'text/html').querySelector('form.sign-in')

function prepared(form) {
  form.classList.remove('card', 'card-body')
  form.classList.add('dialog-body')
  form.querySelector('h1').textContent = 'Your session has ended'
  form.querySelector('.soft').textContent = 'Sign in again to continue. What you typed is kept.'
  const cancel = document.createElement('button')
  cancel.type = 'button'
  cancel.className = 'button'
  cancel.textContent = 'Cancel'
  cancel.dataset.closes = ''
  const buttons = document.createElement('div')
  buttons.className = 'buttons end'
  const submit = form.querySelector('button.primary')
  submit.classList.remove('wide')
  buttons.append(cancel, submit)
  form.append(buttons)
  return form
}

/** Checked before a form is sent: whether there is a session, after a new sign-in if necessary. */
async function isReady() {
  const state = await renewToken()
  if (state === 'signed-out') return signInAgain()
  if (state === 'unreachable') toast('The server cannot be reached. Try again.', 'failed')
  return state === 'renewed'
}

/** Sent without a submit event, so that the user is not asked twice. */
function send(form, button) {
  const own = form.getAttribute('action')
  const field = document.createElement('input')
  if (button?.name) {
    Object.assign(field, { type: 'hidden', name: button.name, value: button.value })
    form.append(field)
  }
  form.setAttribute('action', button?.getAttribute('formaction') ?? own ?? '')
  HTMLFormElement.prototype.submit.call(form)
  // A download does not change the page.
  field.remove()
  if (own === null) form.removeAttribute('action')
  else form.setAttribute('action', own)
}

/** Sends forms that change something if there is a session. Without one they stay as they are. */
export function guardForms() {
  // After every other listener: they may ask first, or send the form themselves.
  addEventListener('submit', async (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target)
    const isFree = form.getAttribute('method') !== 'post' || form.matches('.sign-in, .account, [data-themes]')
    if (event.defaultPrevented || isFree) return
    event.preventDefault()
    const { submitter } = event
    if (await isReady()) send(form, submitter)
  })
}
