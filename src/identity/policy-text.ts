/** A policy as people write it. */
import type { ListElement, PolicyDocument, Statement } from '#policy/document.ts'
import type { PolicyText } from './entity.ts'

/** For identity policies without conditions, as version 1's coarse actions amount to. */
export const formatPolicy = ({ version, statements }: PolicyDocument): PolicyText => ({
  Version: version,
  Statement: statements.map(formatStatement),
})

const formatStatement = ({ effect, action, resource }: Statement): PolicyText => ({
  Effect: effect,
  Action: brief(action),
  ...(resource === undefined ? {} : { Resource: brief(resource) }),
})

const brief = ({ values }: ListElement): string | readonly string[] =>
  values.length === 1 ? (values[0] ?? '') : values
