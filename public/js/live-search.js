// Searches on the server while the user types.
import { fetchFragment } from './request.js'
import { toast } from './toast.js'

const pauseMs = 180
/** The pause after fetchFragment has failed. */
const againMs = 5000

/**
 * @param {HTMLInputElement} search in a form that also works without a script
 * @param {(page: Document) => void} show what was found
 */
export function searchLive(search, show) {
  let typed
  let running = new AbortController()

  async function find() {
    running.abort()
    running = new AbortController()
    const query = new URLSearchParams(new FormData(search.form))
    if (search.value === '') query.delete(search.name)
    const url = `${search.form.action}?${query}`
    try {
      const html = await fetchFragment(url, running.signal)
      show(new DOMParser().parseFromString(html, 'text/html'))
      history.replaceState(null, '', url)
    } catch (error) {
      if (error.name === 'AbortError') return
      toast('The server cannot be reached. The list may be outdated.', 'failed')
      typed = setTimeout(find, againMs)
    }
  }

  // Enter searches as well, without leaving the page.
  search.form.addEventListener('submit', (event) => {
    event.preventDefault()
    clearTimeout(typed)
    find()
  })
  search.addEventListener('input', () => {
    clearTimeout(typed)
    typed = setTimeout(find, pauseMs)
  })
}
