// The script of every page: colours, copy buttons, dialogs, local times, tabs, toasts, keys. Pages work without it.
import { openPalette } from './palette.js'
import { guardForms } from './session.js'
import { localTimes } from './times.js'
import { showStoredToast, takeToast, toast } from './toast.js'

for (const key of document.querySelectorAll('.search-button kbd')) {
  if (!/Mac|iPhone|iPad/.test(navigator.platform)) key.textContent = 'Ctrl K'
}

const typing = 'input, textarea, select, [contenteditable]'

localTimes(document)
for (const one of document.querySelectorAll('[data-toasts] .toast')) takeToast(one)
showStoredToast()
guardForms()

// Without a script, dialogs open as popovers. With a script they are modal, and the same buttons open and close them.
for (const dialog of document.querySelectorAll('dialog[popover]')) dialog.removeAttribute('popover')
for (const button of document.querySelectorAll('[popovertarget]')) {
  if (button.getAttribute('popovertargetaction') === 'hide') button.dataset.closes = ''
  else button.dataset.opens = button.getAttribute('popovertarget')
  button.removeAttribute('popovertarget')
}
for (const dialog of document.querySelectorAll('[data-opens-now]')) dialog.showModal()
const named = location.hash.slice(1)
if (named !== '') document.querySelector(`dialog[id="${CSS.escape(named)}"]`)?.showModal()

document.addEventListener('click', (event) => {
  const target = /** @type {HTMLElement} */ (event.target)
  const opener = target.closest('[data-opens]')
  if (opener) document.getElementById(opener.dataset.opens)?.showModal()
  if (target.closest('[data-closes]')) closeDialog(target.closest('dialog'))
  if (target instanceof HTMLDialogElement && isOutside(target, event)) closeDialog(target)
  const copy = target.closest('[data-copy]')
  if (copy) copyText(copy)
  if (target.closest('[data-palette]')) openPalette()
  if (target.closest('[data-menu]')) {
    event.preventDefault()
    document.getElementById('side')?.classList.add('is-open')
  } else if (!target.closest('.side')) document.getElementById('side')?.classList.remove('is-open')
})

/** If work is running in it, that is stopped first. */
function closeDialog(dialog) {
  if (dialog?.dispatchEvent(new Event('cancel', { cancelable: true }))) dialog.close()
}

/** A click on the backdrop is a click on the dialog outside of its box. */
function isOutside(dialog, { clientX, clientY }) {
  const { left, right, top, bottom } = dialog.getBoundingClientRect()
  return clientX < left || clientX > right || clientY < top || clientY > bottom
}

async function copyText(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy)
  } catch {
    // Pages over plain HTTP from another machine have no clipboard API.
    const area = document.createElement('textarea')
    area.value = button.dataset.copy
    ;(button.closest('dialog') ?? document.body).append(area)
    area.select()
    document.execCommand('copy')
    area.remove()
  }
  button.classList.add('is-done')
  setTimeout(() => button.classList.remove('is-done'), 1500)
}

const themes = document.querySelector('[data-themes]')
themes?.addEventListener('submit', async (event) => {
  event.preventDefault()
  const theme = event.submitter.value
  document.documentElement.dataset.theme = theme
  for (const button of themes.querySelectorAll('button')) {
    button.setAttribute('aria-pressed', String(button.value === theme))
  }
  const body = new URLSearchParams(new FormData(themes, event.submitter))
  const answer = await fetch(themes.action, { method: 'POST', body, redirect: 'manual' }).catch(() => undefined)
  if (answer === undefined) toast('The theme could not be saved.', 'failed')
})

for (const tabs of document.querySelectorAll('[data-tabs]')) {
  const list = tabs.querySelector('[role=tablist]')
  const buttons = [...list.querySelectorAll('[role=tab]')]
  const show = (chosen) => {
    for (const button of buttons) {
      const isChosen = button === chosen
      const panel = document.getElementById(button.getAttribute('aria-controls'))
      button.setAttribute('aria-selected', String(isChosen))
      button.tabIndex = isChosen ? 0 : -1
      panel.hidden = !isChosen
      panel.setAttribute('role', 'tabpanel')
    }
  }
  show(buttons[0])
  tabs.classList.add('is-live')
  list.addEventListener('click', ({ target }) => buttons.includes(target) && show(target))
  list.addEventListener('keydown', ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key]
    if (step === undefined) return
    const next = buttons.at((buttons.indexOf(document.activeElement) + step) % buttons.length)
    next.focus()
    show(next)
  })
}

document.addEventListener('keydown', (event) => {
  const { key, target } = event
  if ((event.metaKey || event.ctrlKey) && key.toLowerCase() === 'k') {
    event.preventDefault()
    openPalette()
    return
  }
  if (key === 'Escape' && target instanceof HTMLElement && target.matches('[data-search]')) target.blur()
  if (event.metaKey || event.ctrlKey || event.altKey || document.querySelector('dialog[open]')) return
  if (target instanceof HTMLElement && target.matches(typing)) return
  if (key === '/') {
    const search = document.querySelector('[data-search]')
    event.preventDefault()
    if (search) search.select()
    else openPalette()
  } else if (key === 'Backspace')
    (document.querySelector('.rows [data-up]') ?? document.querySelector('[data-up]'))?.click()
  else if (key === '?') document.getElementById('keys')?.showModal()
  else if (/^[a-z]$/.test(key)) document.querySelector(`[data-key="${key}"]`)?.click()
  else if (key === 'ArrowDown' || key === 'ArrowUp') moveThroughRows(key === 'ArrowDown' ? 1 : -1, event)
})

/** Arrow keys go from row to row of a table; Enter opens the row's link. */
function moveThroughRows(step, event) {
  const links = [...document.querySelectorAll('[data-row]:not([hidden]) [data-row-link]')]
  if (links.length === 0) return
  event.preventDefault()
  const at = links.indexOf(document.activeElement?.closest('[data-row]')?.querySelector('[data-row-link]'))
  const next = at === -1 ? (step === 1 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1)
  links[next].focus()
}
