/** Passwords for the console. */

import { refuseRoot } from '#iam/reading.ts'
import type { IamRow } from '#iam/request.ts'
import { rules } from '#iam/rules.ts'
import { formatDate } from '#iam/shapes.ts'
import { onUser } from '#iam/targets.ts'
import { createLogin, getLogin, getUser } from '#identity/accounts/users.ts'
import type { Login } from '#identity/entities/user.ts'
import { refuseLimitedMaker } from '#identity/secrets/credential-maker.ts'
import { formatPassword } from '#identity/secrets/password.ts'
import type { XmlTree } from '#lib/text/xml.ts'
import { ApiError } from '#model/errors.ts'
import { userAsked } from './users.ts'

const loginShape = (userName: string, { createdAt, mustChange }: Login): XmlTree => ({
  LoginProfile: { UserName: userName, CreateDate: formatDate(createdAt), PasswordResetRequired: mustChange },
})

const passwordMin = 8

/** PasswordPolicyViolation. Checks only the length, as AWS's default policy does. */
function assertPassword(password: string): void {
  if (password.length >= passwordMin) return
  throw new ApiError('PasswordPolicyViolation', {
    message: `Password should have a minimum length of ${passwordMin}`,
  })
}

export const loginProfileRows: readonly IamRow[] = [
  {
    name: 'CreateLoginProfile',
    on: onUser,
    async run(request) {
      const { params, change, caller, identities } = request
      refuseLimitedMaker(caller, identities.directory, 'CreateLoginProfile')
      const { name } = userAsked(request)
      const password = params.get('Password', rules.password)
      assertPassword(password)
      const passwordHash = await formatPassword(password)
      const mustChange = params.findFlag('PasswordResetRequired') === true
      return change((account, nowMs) => {
        const login = createLogin(getUser(account, name), { passwordHash, mustChange }, nowMs)
        return loginShape(name, login)
      })
    },
  },
  {
    name: 'GetLoginProfile',
    on: onUser,
    run(request) {
      const user = userAsked(request)
      return loginShape(user.name, getLogin(user))
    },
  },
  {
    name: 'UpdateLoginProfile',
    on: onUser,
    async run({ params, change, caller, identities }) {
      const name = params.get('UserName', rules.userName)
      const password = params.find('Password', rules.password)
      if (password !== undefined) {
        refuseLimitedMaker(caller, identities.directory, 'UpdateLoginProfile')
        assertPassword(password)
      }
      const passwordHash = password === undefined ? undefined : await formatPassword(password)
      const mustChange = params.findFlag('PasswordResetRequired')
      await change((account) => {
        const login = getLogin(getUser(account, name))
        if (passwordHash !== undefined) login.passwordHash = passwordHash
        if (mustChange !== undefined) login.mustChange = mustChange
      })
      return undefined
    },
  },
  {
    name: 'DeleteLoginProfile',
    on: onUser,
    async run(request) {
      const { name } = userAsked(request)
      await request.change((account) => {
        const user = getUser(account, name)
        getLogin(user)
        delete user.login
      })
      return undefined
    },
  },
  {
    name: 'ChangePassword',
    on: onUser,
    async run({ params, caller, account, change, isPasswordOf }) {
      const name = caller.requester.userName
      refuseRoot(name === undefined)
      const { passwordHash } = getLogin(getUser(account, name ?? ''))
      const password = params.get('NewPassword', rules.password)
      assertPassword(password)
      if (!(await isPasswordOf(passwordHash, params.get('OldPassword', rules.password)))) {
        throw new ApiError('AccessDenied', { message: 'The old password was incorrect.' })
      }
      const fresh = await formatPassword(password)
      await change((current) => {
        Object.assign(getLogin(getUser(current, name ?? '')), { passwordHash: fresh, mustChange: false })
      })
      return undefined
    },
  },
]
