/** `npm run build`: the same program as JavaScript, in dist/. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from '#lib/program/bundle.ts'
import { packageRoot } from '#lib/program/package-root.ts'
import { programs } from '#lib/program/program-file.ts'

const dist = join(packageRoot, 'dist')
rmSync(dist, { recursive: true, force: true })
bundle(packageRoot, { run: 'run.ts', ...programs }, dist)
