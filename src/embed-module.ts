/** The package for `import`. */
import { importProgram } from './import-program.ts'

export const { startMyFSIO } = await importProgram(new URL('./embed.js', import.meta.url).href)
