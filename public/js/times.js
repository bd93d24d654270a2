// Times in the zone of whoever looks; the exact moment on hover.
const shortForm = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
})
const longForm = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' })

const clockForm = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })

/** @param {ParentNode} root */
export function localTimes(root) {
  for (const time of root.querySelectorAll('time[datetime]')) {
    const date = new Date(time.dateTime)
    time.textContent = (time.closest('[data-clock]') ? clockForm : shortForm).format(date)
    time.title = longForm.format(date)
  }
}
