// A table of any length. The server filters it.
import { searchLive } from './live-search.js'
import { watchList } from './long-list.js'
import { localTimes } from './times.js'

const table = document.querySelector('[data-long-list]')
if (table) {
  const list = watchList(table)
  searchLive(document.querySelector('[data-live]'), (page) => {
    const fresh = page.querySelector('[data-long-list]')
    localTimes(fresh)
    table.replaceChildren(...fresh.childNodes)
    document.querySelector('[data-none-left]').hidden = page.querySelector('[data-none-left]').hidden
    list.restart()
  })
}
