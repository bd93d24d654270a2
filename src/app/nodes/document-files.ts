/**
 * Exports the documents of nodes to files for editing by hand, with their stamps. Imports them again if they are valid
 * and the documents have not changed in between.
 */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import type { AppConfig } from '#config/config.ts'
import { readText, replaceTexts } from '#documents/document-text.ts'
import { DocumentProblem } from '#documents/json-source.ts'
import { formatDocument, parseDocument } from '#documents/parse-document.ts'
import { checkBucketPolicies } from '#identity/bucket-policies/check-document.ts'
import { identityShape } from '#identity/identities.ts'
import { type KeyDocument, keyDocumentShape } from '#keyring/key-document.ts'
import { findLostMaterial } from '#keyring/material.ts'
import { makeFolder } from '#lib/files/make-folder.ts'
import { privateFileMode } from '#lib/files/private-files.ts'
import { type SharedDocuments, withSharedDocuments } from './shared-documents.ts'

/** A file beside them, with the stamps at the time of the export. */
const stampsFile = 'export.json'
const stampsSchema = z.record(z.string(), z.string())

interface Checked {
  /** The text that is written to the index. */
  readonly text: string
  /** Why this text may not replace the present document. */
  findLoss(present: string, nowMs: number): string | undefined
}

/** `check` throws DocumentProblem. */
const documents: readonly { readonly name: string; readonly check: (text: string) => Checked }[] = [
  { name: 'iam.json', check: (text) => noLoss(parseDocument(identityShape, text).value) },
  { name: 'bucket_policies.json', check: (text) => noLoss(checkBucketPolicies(text)) },
  { name: 'kms_keys.json', check: checkKeys },
]

const noLoss = (value: unknown): Checked => ({ text: formatDocument(value), findLoss: () => undefined })

/** Without a key, everything that it has encrypted is lost. */
function checkKeys(text: string): Checked {
  const { value } = parseDocument(keyDocumentShape, text)
  return {
    text: formatDocument(value),
    findLoss(present, nowMs) {
      const lost = findLostMaterial(JSON.parse(present) as KeyDocument, value, nowMs)
      return lost && `kms_keys.json has no material ${lost} any more, and what it seals could never be opened.`
    },
  }
}

/** Returns the files. Only this user may read them. */
export function exportDocuments(config: AppConfig, folder: string): Promise<string[]> {
  return withSharedDocuments(config, async ({ engine }) => {
    makeFolder(folder, 0o700)
    const write = (name: string, text: string) => {
      const path = join(folder, name)
      writeFileSync(path, text, { mode: privateFileMode })
      // An existing file would keep its mode.
      chmodSync(path, privateFileMode)
      return path
    }
    const stamps: Record<string, string> = {}
    const paths: string[] = []
    for (const { name } of documents) {
      const known = await readText(engine, name)
      if (known === undefined) continue
      stamps[name] = known.stamp
      paths.push(write(name, known.text))
    }
    write(stampsFile, formatDocument(stamps))
    return paths
  })
}

/** Nothing was imported. The message has a sentence for each mistake. */
export class ImportRefused extends Error {
  readonly code = 'IMPORT_REFUSED'
}

export interface ImportOptions {
  readonly folder: string
  /** Imports the files even if the documents have changed since the export, or keys would be lost. */
  readonly isForced: boolean
}

/** Replaces all documents in one commit. Returns the names of those that changed. Throws ImportRefused. */
export function importDocuments(config: AppConfig, options: ImportOptions): Promise<string[]> {
  return withSharedDocuments(config, (shared) => importFiles(shared, options))
}

async function importFiles({ engine, rows }: SharedDocuments, { folder, isForced }: ImportOptions): Promise<string[]> {
  const given = documents.filter(({ name }) => existsSync(join(folder, name)))
  if (given.length === 0) {
    throw new ImportRefused(`${folder} has none of ${documents.map(({ name }) => name).join(', ')}.`)
  }
  const stamps = readStamps(join(folder, stampsFile))
  const mistakes: string[] = []
  // The clock of this machine may be wrong.
  const nowMs = Math.min(Date.now(), (await engine.timeMs?.()) ?? Number.POSITIVE_INFINITY)
  const replacements = []
  for (const { name, check } of given) {
    const path = join(folder, name)
    const before = await readText(engine, name)
    const checked = checkFile(path, check, mistakes)
    if (checked === undefined || checked.text === before?.text) continue
    if (!isForced) mistakes.push(...refusals({ name, checked, before, exported: stamps[name], nowMs }))
    replacements.push({ name, text: checked.text, before })
  }
  if (mistakes.length > 0) throw new ImportRefused(mistakes.join('\n'))
  if (replacements.length === 0) return []
  const replaced = await replaceTexts(engine, replacements)
  if (replaced === undefined)
    throw new ImportRefused('A document was changed at the same time. Nothing was imported: try again.')
  rows.tell()
  return replacements.map(({ name }) => name)
}

function checkFile(path: string, check: (text: string) => Checked, mistakes: string[]): Checked | undefined {
  try {
    return check(readFileSync(path, 'utf8'))
  } catch (error) {
    if (!(error instanceof DocumentProblem)) throw error
    const { line, path: at, message } = error
    const where = [line === undefined ? '' : `line ${line}`, at].filter((part) => part !== '').join(', ')
    mistakes.push(`${path}${where && ` (${where})`}: ${message}`)
    return undefined
  }
}

interface Replacing {
  readonly name: string
  readonly checked: Checked
  readonly before: { readonly stamp: string; readonly text: string } | undefined
  readonly exported: string | undefined
  readonly nowMs: number
}

function refusals({ name, checked, before, exported, nowMs }: Replacing): string[] {
  if (before === undefined) return []
  const isOther = exported !== before.stamp
  const loss = checked.findLoss(before.text, nowMs)
  return [
    ...(isOther ? [`${name} was changed since it was exported. Export it again, or use --force to overwrite it.`] : []),
    ...(loss === undefined ? [] : [`${loss} Use --force if that is meant.`]),
  ]
}

function readStamps(path: string): Record<string, string> {
  if (!existsSync(path)) return {}
  try {
    return stampsSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    throw new ImportRefused(`${path} is not as the export wrote it.`)
  }
}
