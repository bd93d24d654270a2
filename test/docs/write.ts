/** `npm run docs`: writes the generated parts of the documents. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withPart } from './markdown.ts'
import { parts, root } from './parts.ts'

for (const { file, name, content } of parts) {
  const path = join(root, file)
  writeFileSync(path, withPart(readFileSync(path, 'utf8'), name, content()))
}
