import { answerPage, includesName, nameKey, pageOf, readPath, readTags, refuseRoot, underPrefix } from '#iam/reading.ts'
import type { IamRequest, IamRow } from '#iam/request.ts'
import { rules } from '#iam/rules.ts'
import { formatDate, groupShape, userBrief, userShape } from '#iam/shapes.ts'
import { onAll, onGroup, onMovedUser, onUser } from '#iam/targets.ts'
import { getGroup } from '#identity/accounts/groups.ts'
import { getAttachable } from '#identity/accounts/managed-policies.ts'
import { addToGroup, createUser, deleteUser, getUser, removeFromGroup } from '#identity/accounts/users.ts'
import type { Account } from '#identity/entities/account.ts'
import { renameNamed, tagsOf } from '#identity/entities/entity.ts'
import { type User, userKind } from '#identity/entities/user.ts'
import { rootArn } from '#identity/principals/principal-arn.ts'

/** The user that the request names, otherwise the caller. NoSuchEntity. */
export function userAsked({ params, caller, account }: IamRequest): User {
  const name = params.find('UserName', rules.userName) ?? caller.requester.userName
  refuseRoot(name === undefined)
  return getUser(account, name ?? '')
}

export const userRows: readonly IamRow[] = [
  {
    name: 'CreateUser',
    on: onUser,
    async run({ params, change }) {
      const name = params.get('UserName', rules.userName)
      const path = readPath(params)
      const tags = tagsOf(readTags(params))
      const boundary = params.find('PermissionsBoundary', rules.arn)
      return change((account, nowMs) => {
        if (boundary !== undefined) getAttachable(account, boundary)
        const user = Object.assign(createUser(account, { name, path }, nowMs), { tags })
        if (boundary !== undefined) user.boundary = boundary
        return { User: userShape(account, user) }
      })
    },
  },
  {
    name: 'GetUser',
    on: onUser,
    run(request) {
      const { params, caller, account } = request
      const { requester } = caller
      if (params.find('UserName') !== undefined || requester.type !== 'root') {
        return { User: userShape(account, userAsked(request)) }
      }
      const root = { Path: '/', UserName: account.displayName, UserId: account.id, Arn: rootArn(account.id) }
      return { User: { ...root, CreateDate: formatDate('1970-01-01T00:00:00Z') } }
    },
  },
  {
    name: 'ListUsers',
    on: onAll('user'),
    run: ({ params, account }) =>
      answerPage('Users', pageOf(params, underPrefix(params, account.users), nameKey), (user) =>
        userBrief(account, user),
      ),
  },
  {
    name: 'UpdateUser',
    on: onUser,
    movesTo: onMovedUser,
    async run({ params, change }) {
      const name = params.get('UserName', rules.userName)
      const newName = params.find('NewUserName', rules.userName)
      const newPath = params.find('NewPath', rules.path)
      await change((account) => {
        const user = getUser(account, name)
        if (newName !== undefined) renameNamed(userKind, account.users, user, newName)
        if (newPath !== undefined) user.path = newPath
      })
      return undefined
    },
  },
  {
    name: 'DeleteUser',
    on: onUser,
    async run({ params, change }) {
      const name = params.get('UserName', rules.userName)
      await change((account) => deleteUser(account, name))
      return undefined
    },
  },
  membershipRow('AddUserToGroup', addToGroup),
  membershipRow('RemoveUserFromGroup', (_account, user, groupName) => removeFromGroup(user, groupName)),
  {
    name: 'ListGroupsForUser',
    on: onUser,
    run({ params, account }) {
      const user = getUser(account, params.get('UserName', rules.userName))
      const groups = account.groups.filter(({ name }) => includesName(user.groups, name))
      return answerPage('Groups', pageOf(params, groups, nameKey), (group) => groupShape(account, group))
    },
  },
]

/** Both must exist. */
function membershipRow(name: string, alter: (account: Account, user: User, groupName: string) => void): IamRow {
  return {
    name,
    on: onGroup,
    async run({ params, change }) {
      const userName = params.get('UserName', rules.userName)
      const groupName = params.get('GroupName', rules.groupName)
      await change((account) => {
        getGroup(account, groupName)
        alter(account, getUser(account, userName), groupName)
      })
      return undefined
    },
  }
}
