// A search of the server as one types.
import { fetchFragment } from './request.js'

const pauseMs = 180

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
      if (error.name !== 'AbortError') search.form.submit()
    }
  }

  search.addEventListener('input', () => {
    clearTimeout(typed)
    typed = setTimeout(find, pauseMs)
  })
}
