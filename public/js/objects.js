// A folder of objects: scrolls on by itself, selects with mouse and keys, searches as one types.
import { watchDialogs } from './dialog.js'
import { fetchFragment } from './request.js'
import { localTimes } from './times.js'

watchDialogs()

const form = document.querySelector('[data-selection]')
const rows = form.querySelector('.rows')
const all = form.querySelector('[data-select-all]')
const boxes = () => [...rows.querySelectorAll('input[name]')]

// Scrolling on

const nextSeen = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) if (entry.isIntersecting) loadNext(entry.target)
  },
  { rootMargin: '1200px' },
)

function watchNext() {
  const next = rows.querySelector('[data-next]')
  if (next) nextSeen.observe(next)
}

async function loadNext(place) {
  nextSeen.unobserve(place)
  place.textContent = 'Loading…'
  try {
    const html = await fetchFragment(`${place.dataset.next}&part=rows`)
    const part = document.createRange().createContextualFragment(html)
    localTimes(part)
    for (const box of part.querySelectorAll('input[name]')) box.checked = all.checked
    place.replaceWith(part)
    tell()
    watchNext()
  } catch {
    const again = document.createElement('button')
    again.type = 'button'
    again.className = 'button'
    again.textContent = 'Loading failed: try again'
    again.addEventListener('click', () => loadNext(place))
    place.replaceChildren(again)
  }
}

watchNext()

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
  const list = boxes()
  if (event.shiftKey && last !== null && list.includes(last)) {
    const [from, to] = [list.indexOf(last), list.indexOf(box)].sort((a, b) => a - b)
    for (const one of list.slice(from, to + 1)) one.checked = box.checked
  }
  last = box
  tell()
})
all.addEventListener('change', () => {
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
  else if (key === 'Backspace') rows.querySelector('[data-up]')?.click()
  else if (key === 'Delete' && form.classList.contains('has-selection')) form.querySelector('[data-delete]')?.click()
  else if (key === ' ') {
    const box = document.activeElement?.closest('[data-row]')?.querySelector('input[name]')
    if (!box || document.activeElement === box) return
    event.preventDefault()
    box.click()
  }
})

// Browsers restore what was checked when one comes back.
addEventListener('pageshow', tell)

// Searching

const search = document.querySelector('[data-live]')
let typed
let running = new AbortController()
search.addEventListener('input', () => {
  clearTimeout(typed)
  typed = setTimeout(find, 180)
})

async function find() {
  running.abort()
  running = new AbortController()
  const query = new URLSearchParams(new FormData(search.form))
  if (query.get('search') === '') query.delete('search')
  const url = `${search.form.action}?${query}`
  try {
    const html = await fetchFragment(url, running.signal)
    const page = new DOMParser().parseFromString(html, 'text/html')
    const fresh = page.querySelector('[data-selection]')
    for (const part of ['.rows', '.empty']) form.querySelector(part)?.remove()
    localTimes(fresh)
    rows.replaceChildren(...fresh.querySelector('.rows').childNodes)
    form.append(rows, ...fresh.querySelectorAll('.empty'))
    history.replaceState(null, '', url)
    tell()
    watchNext()
  } catch (error) {
    if (error.name !== 'AbortError') search.form.submit()
  }
}
