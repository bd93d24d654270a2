/**
 * Decides which programs may use an index together. The row `format` contains the format that a program must
 * understand. Each program knows the formats that it understands, and the lowest format that others need for its rows.
 * Two versions can run together unless one writes rows that the other cannot read. In that case the later start is
 * refused.
 */
import type { Clock } from '#lib/clock.ts'
import { decodeJson, encodeJson, rowKey } from '#metadata/tables.ts'
import { findLivingNodes, nameNodes } from './living-nodes.ts'
import type { NodeEngine } from './node-rows.ts'
import { NodeRefused } from './refused-start.ts'

/** Increased with every change that an earlier program cannot read, or would lose. */
export interface Understanding {
  /** The format of this program. It understands all earlier ones. */
  readonly format: number
  /** The lowest format of programs that may run together with this one. */
  readonly beside: number
}

export const ownFormat: Understanding = { format: 1, beside: 1 }

interface FormatRow {
  /** The lowest format of a program that may use the index. */
  readonly needs: number
  /** The version that wrote this row, for messages. */
  readonly version: string
}

const formatKey = rowKey('g', 'format')

export interface Program {
  readonly version: string
  readonly understands: Understanding
}

/** Called once, before a node uses any other row. Throws NodeRefused. */
export async function assertFormat(engine: NodeEngine, program: Program, clock: Clock): Promise<void> {
  const { version, understands } = program
  for (;;) {
    const value = await engine.get(formatKey)
    const row = value === undefined ? undefined : decodeJson<FormatRow>(value)
    if (row !== undefined && row.needs > understands.format) {
      throw new NodeRefused(
        `The index was used by version ${row.version}, whose rows this version, ${version}, cannot read: start ${row.version} or a later one.`,
      )
    }
    if (row !== undefined && row.needs >= understands.beside) return
    if (row !== undefined) await assertAlone(engine, program, clock)
    const next: FormatRow = { needs: understands.beside, version }
    const written = await engine.commit({
      checks: [{ key: formatKey, is: value }],
      writes: [{ key: formatKey, value: encodeJson(next) }],
    })
    if (written !== undefined) return
  }
}

async function assertAlone(engine: NodeEngine, { version, understands }: Program, clock: Clock): Promise<void> {
  const older = (await findLivingNodes(engine, clock)).filter(({ row }) => row.format < understands.beside)
  if (older.length === 0) return
  throw new NodeRefused(
    `Version ${version} writes what earlier versions cannot read, and these nodes run: ${nameNodes(older)}. Stop them first.`,
  )
}
