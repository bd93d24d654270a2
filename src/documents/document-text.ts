/** Reads and replaces the texts of documents in rows of the index. */
import { randomBytes } from 'node:crypto'
import { asBuffer, type Bytes, type MetadataEngine } from '#metadata/engine.ts'
import { rowKey } from '#metadata/tables.ts'

export interface KnownText {
  readonly stamp: string
  readonly text: string
}

export interface DocumentText {
  readonly text: string
  /** Called with the stamp before others can see the text. */
  readonly onStamp?: (stamp: string) => void
}

type Reading = Pick<MetadataEngine, 'getMany'>

/** Every stamp is unique. Its number is for people. */
const stampAfter = (stamp: string): string =>
  `${(Number.parseInt(stamp, 10) || 0) + 1}-${randomBytes(8).toString('hex')}`

export const stampKeyOf = (name: string): Buffer => rowKey('i', name)
export const textKeyOf = (name: string): Buffer => rowKey('i', name, 'text')

/** Its value changes with every document, so one row tells whether any document has changed. */
export const changedKey = rowKey('i', 'changed')

export const textOf = (value: Bytes | undefined): string | undefined =>
  value === undefined ? undefined : asBuffer(value).toString()

/** Reads both rows in one state of the index. */
export async function readText(engine: Reading, name: string): Promise<KnownText | undefined> {
  const [stamp, text] = (await engine.getMany([stampKeyOf(name), textKeyOf(name)])).map(textOf)
  return stamp === undefined || text === undefined ? undefined : { stamp, text }
}

/** The stamp of a missing document is ''. */
export async function readStamps(engine: Reading, names: readonly string[]): Promise<string[]> {
  const rows = await engine.getMany(names.map(stampKeyOf))
  return names.map((_, at) => textOf(rows[at]) ?? '')
}

export interface Replacement extends DocumentText {
  readonly name: string
  /** The text that is replaced; undefined: there is none. */
  readonly before: Pick<KnownText, 'stamp'> | undefined
}

/** Replaces all texts in one commit. Undefined if one of them has changed since. */
export async function replaceTexts(
  engine: Pick<MetadataEngine, 'commit'>,
  replacements: readonly Replacement[],
): Promise<KnownText[] | undefined> {
  const next = replacements.map(({ text, before, onStamp }) => {
    const stamp = stampAfter(before?.stamp ?? '')
    onStamp?.(stamp)
    return { stamp, text }
  })
  const checks = replacements.map(({ name, before }) => ({
    key: stampKeyOf(name),
    is: before === undefined ? undefined : Buffer.from(before.stamp),
  }))
  const writes = replacements.flatMap(({ name }, at) => [
    { key: stampKeyOf(name), value: Buffer.from(next[at]?.stamp ?? '') },
    { key: textKeyOf(name), value: Buffer.from(next[at]?.text ?? '') },
  ])
  const changed = { key: changedKey, value: randomBytes(8) }
  const committed = await engine.commit({ checks, writes: [...writes, changed] })
  if (committed === undefined) return undefined
  await committed.flushed
  return next
}
