import { answerPage, nameKey, pageOf, readPath, underPrefix } from '#iam/reading.ts'
import type { IamRow } from '#iam/request.ts'
import { rules } from '#iam/rules.ts'
import { groupShape, userBrief } from '#iam/shapes.ts'
import { onAll, onGroup, onMovedGroup } from '#iam/targets.ts'
import { createGroup, deleteGroup, getGroup, membersOf, renameGroup } from '#identity/accounts/groups.ts'

export const groupRows: readonly IamRow[] = [
  {
    name: 'CreateGroup',
    on: onGroup,
    async run({ params, change }) {
      const given = { name: params.get('GroupName', rules.groupName), path: readPath(params) }
      return change((account, nowMs) => ({ Group: groupShape(account, createGroup(account, given, nowMs)) }))
    },
  },
  {
    name: 'GetGroup',
    on: onGroup,
    run({ params, account }) {
      const group = getGroup(account, params.get('GroupName', rules.groupName))
      const members = pageOf(params, membersOf(account, group), nameKey)
      return { Group: groupShape(account, group), ...answerPage('Users', members, (user) => userBrief(account, user)) }
    },
  },
  {
    name: 'ListGroups',
    on: onAll('group'),
    run: ({ params, account }) =>
      answerPage('Groups', pageOf(params, underPrefix(params, account.groups), nameKey), (group) =>
        groupShape(account, group),
      ),
  },
  {
    name: 'UpdateGroup',
    on: onGroup,
    movesTo: onMovedGroup,
    async run({ params, change }) {
      const name = params.get('GroupName', rules.groupName)
      const newName = params.find('NewGroupName', rules.groupName)
      const newPath = params.find('NewPath', rules.path)
      await change((account) => {
        const group = getGroup(account, name)
        if (newName !== undefined) renameGroup(account, group, newName)
        if (newPath !== undefined) group.path = newPath
      })
      return undefined
    },
  },
  {
    name: 'DeleteGroup',
    on: onGroup,
    async run({ params, change }) {
      const name = params.get('GroupName', rules.groupName)
      await change((account) => deleteGroup(account, name))
      return undefined
    },
  },
]
