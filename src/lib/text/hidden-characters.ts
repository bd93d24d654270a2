/**
 * Characters that are invisible, or that change how others are shown: controls, bidi marks, line separators, zero-width
 * spaces. They can disguise a name, and act on a terminal when a text is pasted.
 */
const alwaysHidden =
  '\\p{Cc}|\\p{Cs}|\\p{Zl}|\\p{Zp}|[\\u00ad\\u061c\\u115f\\u1160\\u180e\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u206f]' +
  '|[\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb]|[\\u{e0000}-\\u{e007f}]'
/** Joiners have a meaning in emoji and in scripts whose letters join. */
const joining =
  '\\p{Extended_Pictographic}|\\p{Emoji_Modifier}|\\ufe0f|\\p{M}|\\p{scx=Arab}|\\p{scx=Deva}|\\p{scx=Beng}|\\p{scx=Mlym}'
const hidden = new RegExp(`${alwaysHidden}|(?<!${joining})[\\u200c\\u200d]`, 'gu')

export const hasHidden = (text: string): boolean => text.search(hidden) !== -1

/** Replaces each hidden character by the result of `write`. */
export const replaceHidden = (text: string, write: (character: string) => string): string => text.replace(hidden, write)

const names: Readonly<Record<string, string>> = {
  '\0': 'NUL',
  '\b': 'BS',
  '\t': 'TAB',
  '\n': 'LF',
  '\r': 'CR',
  '\u001b': 'ESC',
  '\u007f': 'DEL',
}

/** A visible form in any font: its name, or its number. */
export const pictureOf = (character: string): string => `\u2039${names[character] ?? numberOf(character)}\u203a`

/** `U+202E` */
export const numberOf = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`

/** A name as text without hidden characters. */
export const visibleText = (text: string): string => replaceHidden(text, pictureOf)

/** JSON without hidden characters: its strings escape them. */
export function formatVisibleJson(value: unknown, indent?: number): string {
  const json = JSON.stringify(value, null, indent) ?? 'null'
  return json.replace(/[^\n]+/g, (line) => replaceHidden(line, escapeUnits))
}

const escapeUnits = (character: string): string =>
  Array.from({ length: character.length }, (_, at) => `\\u${hex(character.charCodeAt(at), 4)}`).join('')

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0')
