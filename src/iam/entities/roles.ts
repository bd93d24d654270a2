import { answerPage, nameKey, pageOf, readPath, readPolicy, readTags, underPrefix } from '#iam/reading.ts'
import type { IamRequest, IamRow } from '#iam/request.ts'
import { rules } from '#iam/rules.ts'
import { formatDate, roleBrief, roleShape } from '#iam/shapes.ts'
import { onAll, onRole } from '#iam/targets.ts'
import { getAttachable } from '#identity/accounts/managed-policies.ts'
import { createRole, deleteRole, getRole, setMaxSession, setTrust } from '#identity/accounts/roles.ts'
import { tagsOf } from '#identity/entities/entity.ts'
import { type Role, sessionSeconds } from '#identity/entities/role.ts'
import type { XmlTree } from '#lib/text/xml.ts'

const readTrust = ({ params, identities }: IamRequest, name: string) =>
  readPolicy(params, name, 'trust', { principalExists: (principal) => identities.isPrincipal(principal) })

const lastUsedOf = ({ identities }: IamRequest, role: Role): XmlTree => {
  const use = identities.lastUsed.find(role.id)
  return use === undefined ? {} : { LastUsedDate: formatDate(new Date(use.atMs).toISOString()), Region: use.region }
}

export const roleRows: readonly IamRow[] = [
  {
    name: 'CreateRole',
    on: onRole,
    async run(request) {
      const { params, change } = request
      const given = {
        name: params.get('RoleName', rules.roleName),
        path: readPath(params),
        trust: readTrust(request, 'AssumeRolePolicyDocument'),
        description: params.find('Description', rules.description),
        maxSessionSeconds: params.findNumber('MaxSessionDuration', sessionSeconds) ?? sessionSeconds.min,
      }
      const tags = tagsOf(readTags(params))
      const boundary = params.find('PermissionsBoundary', rules.arn)
      return change((account, nowMs) => {
        if (boundary !== undefined) getAttachable(account, boundary)
        const role = Object.assign(createRole(account, given, nowMs), { tags })
        if (boundary !== undefined) role.boundary = boundary
        return { Role: roleShape(account, role) }
      })
    },
  },
  {
    name: 'GetRole',
    on: onRole,
    run(request) {
      const role = getRole(request.account, request.params.get('RoleName', rules.roleName))
      return { Role: roleShape(request.account, role, lastUsedOf(request, role)) }
    },
  },
  {
    name: 'ListRoles',
    on: onAll('role'),
    run: ({ params, account }) =>
      answerPage('Roles', pageOf(params, underPrefix(params, account.roles), nameKey), (role) =>
        roleBrief(account, role),
      ),
  },
  {
    name: 'UpdateRole',
    on: onRole,
    async run({ params, change }) {
      const name = params.get('RoleName', rules.roleName)
      const description = params.find('Description', rules.description)
      const maxSessionSeconds = params.findNumber('MaxSessionDuration', sessionSeconds)
      await change((account) => {
        const role = getRole(account, name)
        if (maxSessionSeconds !== undefined) setMaxSession(role, maxSessionSeconds)
        if (description !== undefined) role.description = description
      })
      return {}
    },
  },
  {
    name: 'UpdateRoleDescription',
    on: onRole,
    async run({ params, change }) {
      const name = params.get('RoleName', rules.roleName)
      const description = params.get('Description', rules.description)
      return change((account) => {
        const role = Object.assign(getRole(account, name), { description })
        return { Role: roleShape(account, role) }
      })
    },
  },
  {
    name: 'UpdateAssumeRolePolicy',
    on: onRole,
    async run(request) {
      const name = request.params.get('RoleName', rules.roleName)
      const trust = readTrust(request, 'PolicyDocument')
      await request.change((account) => setTrust(getRole(account, name), trust))
      return undefined
    },
  },
  {
    name: 'DeleteRole',
    on: onRole,
    async run({ params, change }) {
      const name = params.get('RoleName', rules.roleName)
      await change((account) => deleteRole(account, name))
      return undefined
    },
  },
]
