/** TypeScript to JavaScript, packages left where they are. Code that only one role needs stays in files of its own. */
import { join } from 'node:path'
import { build } from 'esbuild'

export async function bundle(packageRoot: string, entries: Readonly<Record<string, string>>, outFolder: string) {
  await build({
    absWorkingDir: packageRoot,
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(packageRoot, file)])),
    outdir: outFolder,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: false,
    keepNames: true,
    logLevel: 'error',
  })
}
