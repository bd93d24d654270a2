import hljs from '../npm/highlight.js'

const longest = 200_000

/** Colours code, if its language is known or can be detected. @param {HTMLElement} pre */
export function highlight(pre) {
  const code = pre.querySelector('code')
  if (code.textContent.length > longest) return
  const { language } = pre.dataset
  if (hljs.getLanguage(language)) code.className = `language-${language}`
  hljs.highlightElement(code)
}
