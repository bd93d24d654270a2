// A folder of objects: loads while the user scrolls, selects with mouse and keys, searches while the user types.
import { watchDialogs } from './dialog.js'
import { searchLive } from './live-search.js'
import { watchList } from './long-list.js'
import { localTimes } from './times.js'

watchDialogs()

const form = document.querySelector('[data-selection]')
const rows = form.querySelector('.rows')
const all = form.querySelector('[data-select-all]')
const boxes = () => [...rows.querySelectorAll('input[name]')]

// Scrolling

const list = watchList(rows, {
  prepare: (part) => {
    for (const box of part.querySelectorAll('input[name]')) box.checked = all.checked
  },
  onAdded: () => tell(),
})

// Selecting

let last = null

function tell() {
  const chosen = boxes().filter((box) => box.checked)
  const { length } = chosen
  const isNothing = length === 0
  form.classList.toggle('has-selection', !isNothing)
  const folders = chosen.filter((box) => box.name === 'prefix').length
  const parts = [
    [length - folders, 'object'],
    [folders, 'folder'],
  ].filter(([count]) => count > 0)
  form.querySelector('[data-selection-text]').textContent = isNothing
    ? ''
    : `${parts.map(([count, name]) => `${count.toLocaleString()} ${name}${count === 1 ? '' : 's'}`).join(', ')} selected`
  for (const button of form.querySelectorAll('[data-single]')) button.hidden = length !== 1
  for (const box of boxes()) box.closest('.row').classList.toggle('is-selected', box.checked)
  all.indeterminate = !isNothing && length < boxes().length
}

rows.addEventListener('click', (event) => {
  const box = event.target
  if (!(box instanceof HTMLInputElement) || !box.name) return
  if (event.shiftKey && last !== null) {
    list.restoreAll()
    const inOrder = boxes()
    const [from, to] = [inOrder.indexOf(last), inOrder.indexOf(box)].sort((a, b) => a - b)
    if (from !== -1) for (const one of inOrder.slice(from, to + 1)) one.checked = box.checked
  }
  last = box
  tell()
})
all.addEventListener('change', () => {
  if (all.checked) list.restoreAll()
  for (const box of boxes()) box.checked = all.checked
  tell()
})

function clearSelection() {
  all.checked = false
  for (const box of boxes()) box.checked = false
  tell()
}

const typing = 'input:not([type=checkbox]), textarea, select'
document.addEventListener('keydown', (event) => {
  const { key, target } = event
  if (document.querySelector('dialog[open]') || (target instanceof HTMLElement && target.matches(typing))) return
  if ((event.metaKey || event.ctrlKey) && key.toLowerCase() === 'a') {
    event.preventDefault()
    all.checked = true
    all.dispatchEvent(new Event('change'))
  } else if (event.metaKey || event.ctrlKey || event.altKey) return
  else if (key === 'Escape') clearSelection()
  else if (key === 'Delete' && form.classList.contains('has-selection')) form.querySelector('[data-delete]')?.click()
  else if (key === ' ') {
    const box = document.activeElement?.closest('[data-row]')?.querySelector('input[name]')
    if (!box || document.activeElement === box) return
    event.preventDefault()
    box.click()
  }
})

// Browsers restore the checkboxes when the user comes back.
addEventListener('pageshow', tell)

// Searching

searchLive(document.querySelector('[data-live]'), (page) => {
  const fresh = page.querySelector('[data-selection]')
  for (const part of ['.rows', '.empty']) form.querySelector(part)?.remove()
  localTimes(fresh)
  rows.replaceChildren(...fresh.querySelector('.rows').childNodes)
  form.append(rows, ...fresh.querySelectorAll('.empty'))
  list.restart()
  tell()
})
