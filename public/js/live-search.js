// A search of the server as one types.
import { fetchFragment } from './request.js'
import { toast } from './toast.js'

const pauseMs = 180
/** After fetchFragment has given up. */
const againMs = 5000

/**
 * @param {HTMLInputElement} search in a form that finds without a script, too
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
      toast('The server cannot be reached. What is shown is from before.', 'failed')
      typed = setTimeout(find, againMs)
    }
  }

  // Enter finds as well, without leaving the page.
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
