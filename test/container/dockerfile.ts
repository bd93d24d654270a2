/** The part of the Dockerfile format that ours uses. */

export interface Instruction {
  readonly name: string
  /** `--from=build` as { from: 'build' }. */
  readonly options: Readonly<Record<string, string>>
  readonly rest: string
}

export interface Stage {
  readonly name: string | undefined
  readonly instructions: readonly Instruction[]
}

export function parseDockerfile(text: string): Stage[] {
  const lines = text.replaceAll('\\\n', ' ').split('\n')
  const instructions = lines.filter((line) => /^[A-Z]/.test(line)).map(parseInstruction)
  const stages: { name: string | undefined; instructions: Instruction[] }[] = []
  for (const instruction of instructions) {
    if (instruction.name === 'FROM') {
      stages.push({ name: / AS (\S+)$/.exec(instruction.rest)?.[1], instructions: [] })
    } else stages.at(-1)?.instructions.push(instruction)
  }
  return stages
}

function parseInstruction(line: string): Instruction {
  const [, name = '', flags = '', rest = ''] = /^(\S+)((?: --\S+)*) +(.*)$/.exec(line) ?? []
  const options = [...flags.matchAll(/--([^=\s]+)=(\S+)/g)].map(([, option, value]) => [option, value])
  return { name, options: Object.fromEntries(options), rest }
}

/** The last of a name, as a list of words in JSON: `ENTRYPOINT ["myfsio"]`, or what comes after CMD in HEALTHCHECK. */
export function commandOf({ instructions }: Stage, name: string): string[] {
  const { rest = '' } = instructions.findLast((instruction) => instruction.name === name) ?? {}
  return JSON.parse(rest.replace(/^CMD /, ''))
}

export function environmentOf({ instructions }: Stage): Record<string, string> {
  const words = instructions.filter(({ name }) => name === 'ENV').flatMap(({ rest }) => rest.split(' '))
  return Object.fromEntries(words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]))
}
