import { hasHidden, replaceHidden } from './hidden-characters.ts'

/**
 * Quotes any text as one word of a shell. Hidden characters become octal escapes in `$'…'` (POSIX.1-2024, 2.2.4), so
 * that pasting the word sends none of them to the terminal. NUL, which no word can hold, ends the text for the shell.
 */
export function quoteForShell(text: string): string {
  const whole = text.toWellFormed()
  if (!hasHidden(whole)) return `'${whole.replaceAll("'", "'\\''")}'`
  const escaped = whole.replace(/[\\']/g, '\\$&')
  return `$'${replaceHidden(escaped, (one) => [...Buffer.from(one)].map(octal).join(''))}'`
}

const octal = (byte: number): string => `\\${byte.toString(8).padStart(3, '0')}`
