/** What a build makes for programs that import the package, beside the module itself. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'

export function bundleForCommonJs(packageRoot: string, outFolder: string): void {
  buildSync({
    absWorkingDir: packageRoot,
    entryPoints: [join(packageRoot, 'src/embed-commonjs.ts')],
    outfile: join(outFolder, 'embed.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'error',
  })
}

/** The types stand alone, so that they are declarations as they are. */
export function formatDeclarations(packageRoot: string): string {
  const types = readFileSync(join(packageRoot, 'src/embed-types.ts'), 'utf8')
  return `${types}\nexport declare const startMyFSIO: StartMyFSIO\n`
}
