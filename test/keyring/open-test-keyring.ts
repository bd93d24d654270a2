/** Keyrings over the files of a test folder, each like a separate process. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type OpenKeyring, openKeyring } from '#app/open-keyring.ts'
import { loadConfig } from '#config/config.ts'
import { type Clock, systemClock } from '#lib/clock.ts'

export interface KeyringFolder {
  readonly path: string
  /** The files of the root key. */
  readonly rootKey: { readonly path: string; readonly copyPath: string }
  readonly keysPath: string
  /** Errors in the log. */
  readonly errors: string[]
  open(settings?: Readonly<Record<string, string>>, clock?: Clock): Promise<OpenKeyring>
  readKeys(): Promise<KeysText>
  /** Rewrites the document by hand. */
  edit(change: (text: string) => string): Promise<void>
  remove(): Promise<void>
}

export interface KeysText {
  root?: { check: string; kind: string; wrapped?: string }
  server?: { id: string; materials: object[] }
  keys: { id: string; description: string; isEnabled: boolean; materials: { id: string; wrapped: string }[] }[]
  aliases: { name: string; keyId: string }[]
}

export async function makeKeyringFolder(): Promise<KeyringFolder> {
  const path = await mkdtemp(join(tmpdir(), 'myfsio-keyring-'))
  const { kms } = loadConfig([], { STORAGE_ROOT: path }, path)
  const open: OpenKeyring[] = []
  const errors: string[] = []
  const log = {
    info: () => undefined,
    warn: () => undefined,
    error: (_fields: object, message: string) => void errors.push(message),
  }
  return {
    path,
    rootKey: kms.rootKeyFiles,
    keysPath: kms.keysPath,
    errors,
    async open(settings = {}, clock = systemClock) {
      const config = loadConfig([], { STORAGE_ROOT: path, ...settings }, path)
      const opened = await openKeyring({ config, clock, log })
      open.push(opened)
      return opened
    },
    readKeys: async () => JSON.parse(await readFile(kms.keysPath, 'utf8')) as KeysText,
    edit: async (change) => writeFile(kms.keysPath, change(await readFile(kms.keysPath, 'utf8'))),
    async remove() {
      for (const one of open) await one.close()
      await rm(path, { recursive: true, force: true })
    },
  }
}
