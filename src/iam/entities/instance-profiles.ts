import { answerPage, includesName, nameKey, pageOf, readPath, readTags, underPrefix } from '#iam/reading.ts'
import type { IamRow } from '#iam/request.ts'
import { rules } from '#iam/rules.ts'
import { instanceProfileShape } from '#iam/shapes.ts'
import { onAll, onInstanceProfile, onRole } from '#iam/targets.ts'
import {
  addRoleToProfile,
  createInstanceProfile,
  deleteInstanceProfile,
  getInstanceProfile,
  removeRoleFromProfile,
} from '#identity/accounts/instance-profiles.ts'
import { getRole } from '#identity/accounts/roles.ts'
import { tagsOf } from '#identity/entities/entity.ts'

export const instanceProfileRows: readonly IamRow[] = [
  {
    name: 'CreateInstanceProfile',
    on: onInstanceProfile,
    async run({ params, change }) {
      const given = { name: params.get('InstanceProfileName', rules.profileName), path: readPath(params) }
      const tags = tagsOf(readTags(params))
      return change((account, nowMs) => {
        const profile = Object.assign(createInstanceProfile(account, given, nowMs), { tags })
        return { InstanceProfile: instanceProfileShape(account, profile) }
      })
    },
  },
  {
    name: 'GetInstanceProfile',
    on: onInstanceProfile,
    run({ params, account }) {
      const profile = getInstanceProfile(account, params.get('InstanceProfileName', rules.profileName))
      return { InstanceProfile: instanceProfileShape(account, profile) }
    },
  },
  {
    name: 'ListInstanceProfiles',
    on: onAll('instance-profile'),
    run: ({ params, account }) =>
      answerPage(
        'InstanceProfiles',
        pageOf(params, underPrefix(params, account.instanceProfiles), nameKey),
        (profile) => instanceProfileShape(account, profile),
      ),
  },
  {
    name: 'ListInstanceProfilesForRole',
    on: onRole,
    run({ params, account }) {
      const role = getRole(account, params.get('RoleName', rules.roleName))
      const profiles = account.instanceProfiles.filter(({ roles }) => includesName(roles, role.name))
      return answerPage('InstanceProfiles', pageOf(params, profiles, nameKey), (profile) =>
        instanceProfileShape(account, profile),
      )
    },
  },
  {
    name: 'DeleteInstanceProfile',
    on: onInstanceProfile,
    async run({ params, change }) {
      const name = params.get('InstanceProfileName', rules.profileName)
      await change((account) => deleteInstanceProfile(account, name))
      return undefined
    },
  },
  {
    name: 'AddRoleToInstanceProfile',
    on: onInstanceProfile,
    passes: (request) => ({ ...onRole(request), context: { 'iam:passedtoservice': 'ec2.amazonaws.com' } }),
    async run({ params, change }) {
      const name = params.get('InstanceProfileName', rules.profileName)
      const roleName = params.get('RoleName', rules.roleName)
      await change((account) => addRoleToProfile(account, getInstanceProfile(account, name), roleName))
      return undefined
    },
  },
  {
    name: 'RemoveRoleFromInstanceProfile',
    on: onInstanceProfile,
    async run({ params, change }) {
      const name = params.get('InstanceProfileName', rules.profileName)
      const roleName = params.get('RoleName', rules.roleName)
      await change((account) => removeRoleFromProfile(getInstanceProfile(account, name), roleName))
      return undefined
    },
  },
]
