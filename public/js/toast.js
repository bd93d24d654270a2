/**
 * A short message at the edge of the page.
 * @param {string} text
 * @param {'done' | 'failed'} [kind]
 */
export function toast(text, kind = 'done') {
  const template = document.querySelector('[data-toast-template]')
  const one = template.content.cloneNode(true).firstElementChild
  one.classList.add(kind)
  if (kind === 'failed') {
    const use = one.querySelector('use')
    use.setAttribute('href', use.getAttribute('href').replace(/#.*/, '#circle-alert'))
  }
  one.querySelector('.toast-text').textContent = text
  one.querySelector('button').addEventListener('click', () => one.remove())
  document.querySelector('[data-toasts]').append(one)
  setTimeout(() => one.remove(), kind === 'failed' ? 12_000 : 5000)
}
