/** Formats values for pages. Functions that return markup escape their input. */
import ejs from 'ejs'
import { hasHidden, numberOf, pictureOf, replaceHidden } from '#lib/text/hidden-characters.ts'
import { quoteForShell } from '#lib/text/shell-quote.ts'

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

/** With seconds and milliseconds, to compare events. */
export function exactTime(atMs: number): string {
  const iso = new Date(atMs).toISOString()
  const text = `${iso.slice(0, 23).replace('T', ' ')} UTC`
  return `<time datetime="${iso}" title="${iso}" data-exact>${text}</time>`
}

/**
 * A name with visible pictures of its hidden characters. It belongs inside a `bdi`, so that it cannot change the order
 * of the text around it.
 */
export function drawn(text: string): string {
  const draw = (one: string) => `<span class="hidden-character" title="${numberOf(one)}">${pictureOf(one)}</span>`
  // The pictures need no escaping.
  return replaceHidden(ejs.escapeXML(text), draw)
}

export const isolated = (text: string): string => `<bdi>${drawn(text)}</bdi>`

/** For copying: unchanged, unless it would act on a terminal when pasted. */
export const forShell = (text: string): string => (hasHidden(text) ? quoteForShell(text) : text)

export function icon(sprite: string, name: string): string {
  return `<svg class="icon" aria-hidden="true"><use href="${sprite}#${ejs.escapeXML(name)}"/></svg>`
}
