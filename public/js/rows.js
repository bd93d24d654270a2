// Filters the rows of a table while the user types.
const search = document.querySelector('[data-filter-rows]')
search?.addEventListener('input', () => {
  const text = search.value.trim().toLowerCase()
  let count = 0
  for (const row of document.querySelectorAll('[data-row]')) {
    row.hidden = !row.dataset.name.includes(text)
    if (!row.hidden) count++
  }
  document.querySelector('[data-none-left]').hidden = count > 0
})
// The server finds rows that are not on this page.
search?.form.addEventListener('submit', (event) => {
  if (search.name === '') event.preventDefault()
})
