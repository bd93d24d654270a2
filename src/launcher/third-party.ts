/** The licenses of the packages whose code a build contains. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const head = `# Third-party software

The files beside this one contain code of these packages, each under its own license.
`

/** Returns Markdown. `files` are relative to the package's root, such as `node_modules/express/index.js`. */
export function formatThirdParty(packageRoot: string, files: readonly string[]): string {
  const folders = new Set(files.flatMap((file) => packageFolderOf(file) ?? []))
  const parts = [...folders].map((folder) => describe(join(packageRoot, folder)))
  return [head, ...[...new Set(parts)].sort()].join('\n')
}

/** The package's folder: `node_modules/@scope/name` for `node_modules/@scope/name/lib/file.js`. */
function packageFolderOf(file: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0]
}

function describe(folder: string): string {
  const { name, version, license, licenses } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|notice|copying)\b/i.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8').trim())
  const lines = [
    `## ${name} ${version}`,
    '',
    `License: ${license ?? licenses?.[0]?.type}`,
    '',
    ...texts.flatMap((text) => [fenced(text), '']),
  ]
  return lines.join('\n')
}

const fence = '`'.repeat(4)
const fenced = (text: string): string => `${fence}\n${text}\n${fence}`
