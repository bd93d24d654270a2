/** `npm run build`: the same program as JavaScript, in dist/, with the files of packages that browsers fetch. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { npmFiles, npmFilesFolder } from '#console/answer/npm-files.ts'
import { bundle, bundleCommonJs } from '#lib/program/bundle.ts'
import { packageRoot } from '#lib/program/package-root.ts'
import { programs } from '#lib/program/program-file.ts'
import { formatThirdParty } from './third-party.ts'

const dist = join(packageRoot, 'dist')
rmSync(dist, { recursive: true, force: true })
const library = { embed: 'src/embed.ts', 'embed-module': 'src/embed-module.ts' }
const { inputs } = bundle(packageRoot, { run: 'run.ts', ...library, ...programs }, dist)
mkdirSync(join(dist, npmFilesFolder))
const copied = Object.entries(npmFiles).map(([name, source]) => {
  const file = join('node_modules', source)
  copyFileSync(join(packageRoot, file), join(dist, npmFilesFolder, name))
  return file
})
writeFileSync(join(dist, 'THIRD-PARTY.md'), formatThirdParty(packageRoot, [...Object.keys(inputs), ...copied]))
bundleCommonJs(packageRoot, 'src/embed-commonjs.ts', join(dist, 'embed.cjs'))
// This file has no imports: its text is a valid declaration file.
const types = readFileSync(join(packageRoot, 'src/embed-types.ts'), 'utf8')
for (const name of ['embed.d.ts', 'embed.d.cts']) {
  writeFileSync(join(dist, name), `${types}\nexport declare const startMyFSIO: StartMyFSIO\n`)
}
