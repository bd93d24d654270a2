// Adds new requests at the top, unless paused or hidden. Without a script the page is refreshed by hand.
import { fetchFragment } from './request.js'
import { localTimes } from './times.js'

const pollMs = 2000
const rowsMax = 200

const place = document.querySelector('[data-activity]')
const body = place.querySelector('tbody')
const pause = document.querySelector('[data-pause]')
const isPaused = () => pause.getAttribute('aria-pressed') === 'true'

pause.hidden = false
document.querySelector('[data-refresh]').hidden = true
pause.addEventListener('click', () => {
  pause.setAttribute('aria-pressed', String(!isPaused()))
  pause.querySelector('span').textContent = isPaused() ? 'Resume' : 'Pause'
})

async function poll() {
  const url = new URL(location.href)
  url.searchParams.set('after', body.dataset.cursor)
  const template = document.createElement('template')
  template.innerHTML = `<table>${await fetchFragment(url.href)}</table>`
  const fresh = template.content.querySelector('tbody')
  if (fresh === null || isPaused()) return
  body.dataset.cursor = fresh.dataset.cursor
  if (fresh.rows.length === 0) return
  localTimes(fresh)
  body.prepend(...fresh.rows)
  while (body.rows.length > rowsMax) body.rows[body.rows.length - 1].remove()
  place.querySelector('[data-empty]').hidden = true
  place.querySelector('[data-list]').hidden = false
}

async function watch() {
  // If the server is down or the session has ended, the next poll shows it.
  if (!isPaused() && !document.hidden) await poll().catch(() => {})
  setTimeout(watch, pollMs)
}
setTimeout(watch, pollMs)
