// Settings of a bucket: the policy is coloured, checked while it is typed, and its draft is kept while presets are
// shown.
import { watchDialogs } from './dialog.js'
import { jsonEditor } from './json-editor.js'
import { requestJson } from './request.js'

watchDialogs()

const form = document.querySelector('[data-policy]')
if (form !== null) watchPolicy(form)

/** @param {HTMLFormElement} form */
function watchPolicy(form) {
  const area = form.querySelector('textarea')
  const sentences = form.querySelector('[data-sentences]')
  const problem = document.getElementById('policy-problem')
  const format = form.querySelector('[data-format]')
  const mayWrite = !area.readOnly
  const editor = jsonEditor(form.querySelector('[data-editor]'))
  const chosen = () => form.querySelector('input[name=preset]:checked')?.value
  // The typed text stays while a preset is shown.
  let draft = chosen() === 'custom' ? area.value : area.dataset.beginning

  const show = () => {
    const preset = chosen()
    area.readOnly = !mayWrite || preset !== 'custom'
    area.value = { private: '', 'public-read': area.dataset.publicRead }[preset] ?? draft
    if (format !== null) format.hidden = preset !== 'custom'
    editor.draw()
    check()
  }
  for (const radio of form.querySelectorAll('input[name=preset]')) radio.addEventListener('change', show)

  let waiting
  area.addEventListener('input', () => {
    if (chosen() === 'custom') draft = area.value
    clearTimeout(waiting)
    waiting = setTimeout(check, 250)
  })
  format?.addEventListener('click', () => {
    try {
      area.value = JSON.stringify(JSON.parse(area.value), null, 2)
      draft = area.value
      editor.draw()
      check()
    } catch {
      area.focus()
    }
  })

  let asked = new AbortController()
  async function check() {
    asked.abort()
    asked = new AbortController()
    const { signal } = asked
    const text = area.value.trim()
    if (text === '' || !mayWrite) return tell(undefined, text === '' ? [] : undefined)
    const json = { document: text }
    const answer = await requestJson(`${form.dataset.base}/check`, {
      method: 'POST',
      json,
      signal,
      isQuiet: true,
    }).catch(() => undefined)
    if (!signal.aborted && answer !== undefined) tell(answer.problem, answer.sentences ?? [], answer.line)
  }

  function tell(text, found, line) {
    problem.hidden = text === undefined
    problem.querySelector('[data-text]').textContent = text ?? ''
    area.setAttribute('aria-invalid', String(text !== undefined))
    editor.mark(line)
    if (found !== undefined) sentences.replaceChildren(...drawSentences(found))
  }

  setInterval(async () => {
    if (document.hidden) return
    const answer = await requestJson(`${form.dataset.base}/stamp`).catch(() => undefined)
    if (answer !== undefined) form.querySelector('[data-policy-changed]').hidden = answer.stamp === form.dataset.stamp
  }, 5000)

  show()
}

function drawSentences(found) {
  if (found.length === 0) return []
  const heading = document.createElement('h3')
  heading.textContent = 'Summary'
  const list = document.createElement('ul')
  list.className = 'sentences'
  for (const { effect, who, isEveryone, what, where, condition } of found) {
    const item = document.createElement('li')
    const badge = make('span', effect === 'Deny' ? 'Denied' : 'Allowed')
    badge.className = `badge ${effect === 'Deny' ? 'bad' : isEveryone ? 'warn' : 'good'}`
    const text = document.createElement('span')
    text.append(make('strong', who), ': ', make('code', what), ' on ', make('code', where))
    if (condition !== undefined) text.append(' if ', make('code', condition))
    item.append(badge, ' ', text)
    list.append(item)
  }
  return [heading, list]
}

function make(name, text) {
  const element = document.createElement(name)
  element.textContent = text
  return element
}
