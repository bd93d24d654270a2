// The command palette: pages, commands of this page, and the buckets, which are fetched when it first opens.
import { at } from './base.js'
import { requestJson } from './request.js'

/** @typedef {{ name: string, note: string, run: () => void }} Command */

/** @type {Promise<Command[]> | undefined} */
let buckets
/** @type {Command[]} */
let shown = []
let chosen = 0

const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById('palette'))
const input = dialog?.querySelector('input')
const list = dialog?.querySelector('ul')

export async function openPalette() {
  if (dialog === null || dialog.open) return
  input.value = ''
  dialog.showModal()
  buckets ??= fetchBuckets()
  draw(await allCommands())
}

const go = (href) => () => location.assign(href)

async function fetchBuckets() {
  const { buckets: names } = await requestJson(at('/ui/bucket-names')).catch(() => ({ buckets: [] }))
  return names.map((name) => ({ name, note: 'Bucket', run: go(at(`/ui/buckets/${name}`)) }))
}

async function allCommands() {
  const pages = [...document.querySelectorAll('.side .nav a')].map((link) => ({
    name: link.textContent.trim(),
    note: 'Page',
    run: go(link.href),
  }))
  const actions = [...document.querySelectorAll('main [data-key], main [data-command]')].map((button) => ({
    name: (button.dataset.command || button.textContent).trim(),
    note: 'On this page',
    run: () => button.click(),
  }))
  const general = [
    { name: 'Keyboard', note: 'Help', run: () => document.getElementById('keys').showModal() },
    { name: 'Sign out', note: 'Session', run: () => document.querySelector('form.account').requestSubmit() },
  ]
  return [...actions, ...pages, ...(await buckets), ...general]
}

function draw(commands) {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean)
  shown = commands.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word))).slice(0, 50)
  chosen = 0
  list.replaceChildren(
    ...shown.map(({ name, note }, at) => {
      const item = document.createElement('li')
      item.role = 'option'
      item.id = `palette-${at}`
      const small = document.createElement('small')
      small.textContent = note
      item.append(name, small)
      item.addEventListener('click', () => run(at))
      item.addEventListener('pointermove', () => choose(at))
      return item
    }),
  )
  choose(0)
}

function choose(at) {
  chosen = at
  for (const [index, item] of [...list.children].entries()) item.setAttribute('aria-selected', String(index === at))
  list.children[at]?.scrollIntoView({ block: 'nearest' })
  input.setAttribute('aria-activedescendant', shown.length === 0 ? '' : `palette-${at}`)
}

function run(at) {
  const command = shown[at]
  dialog.close()
  command?.run()
}

input?.addEventListener('input', async () => draw(await allCommands()))
input?.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step !== undefined && shown.length > 0) {
    event.preventDefault()
    choose((chosen + step + shown.length) % shown.length)
  } else if (event.key === 'Enter') {
    event.preventDefault()
    run(chosen)
  }
})
