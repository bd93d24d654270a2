/** Parses the text of a document: schema, older forms, and checks that a schema cannot express. */
import { ZodError, type ZodType } from 'zod'
import { type DocumentPath, parseJson, problemAt, problemOfSchema } from './json-source.ts'

export interface DocumentShape<T> {
  /** Parses a value to an equal copy, which may be altered. */
  readonly schema: ZodType<T>
  /** Checks that a schema cannot express, such as references. Returns the first mistake. */
  readonly findMistake?: ((value: T) => DocumentMistake | undefined) | undefined
  readonly older?: OlderForm<T> | undefined
}

export interface DocumentMistake {
  readonly path: DocumentPath
  readonly message: string
}

/**
 * An earlier format of the document, which is still read. The first write replaces it and keeps a copy,
 * `<path>.<name>.bak`.
 */
export interface OlderForm<T> {
  readonly name: string
  readonly is: (raw: unknown) => boolean
  readonly schema: ZodType<T>
}

/** Throws DocumentProblem. */
export function parseDocument<T>(
  shape: DocumentShape<T>,
  text: string,
): { readonly value: T; readonly isOlder: boolean } {
  const { schema, older } = shape
  const raw = parseJson(text)
  const isOlder = older?.is(raw) === true
  try {
    const value = (isOlder ? older.schema : schema).parse(raw)
    refuseMistakes(shape, value, text)
    return { value, isOlder }
  } catch (error) {
    throw error instanceof ZodError ? problemOfSchema(text, error) : error
  }
}

/** Throws DocumentProblem. `text`: the value as text. */
export function refuseMistakes<T>({ findMistake }: DocumentShape<T>, value: T, text: string): void {
  const mistake = findMistake?.(value)
  if (mistake !== undefined) throw problemAt(text, mistake.path, mistake.message)
}

export const formatDocument = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
