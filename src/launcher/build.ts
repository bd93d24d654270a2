/** `npm run build`: the same program as JavaScript, in dist/. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from './bundle.ts'
import { packageRoot } from './package-root.ts'

const dist = join(packageRoot, 'dist')
rmSync(dist, { recursive: true, force: true })
await bundle(packageRoot, { run: 'run.ts', child: 'src/launcher/child.ts' }, dist)
