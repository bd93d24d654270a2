/** How values look on a page. Functions that give markup escape what they are given. */
import ejs from 'ejs'

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']

/** `1.5 MiB`; three digits at most before the unit. */
export function formatBytes(sizeBytes: number): string {
  let value = sizeBytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2
  return `${value.toFixed(digits)} ${units[unit]}`
}

export function formatExactBytes(sizeBytes: number): string {
  return `${formatCount(sizeBytes)} ${sizeBytes === 1 ? 'byte' : 'bytes'}`
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

export function formatUtc(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** In UTC; a script puts it into the viewer's zone. */
export function time(atMs: number): string {
  const iso = new Date(atMs).toISOString()
  return `<time datetime="${iso}" title="${iso}">${formatUtc(atMs)}</time>`
}

export function icon(sprite: string, name: string): string {
  return `<svg class="icon" aria-hidden="true"><use href="${sprite}#${ejs.escapeXML(name)}"/></svg>`
}
