/** The map of the console: method, address, permission, page. `?key=` marks pages about one object. */
import { listBucketNames } from './buckets/bucket-names.ts'
import { createBucket } from './buckets/create-bucket.ts'
import { showBuckets } from './buckets/list-buckets.ts'
import { showOverview } from './overview/overview.ts'
import { type Route, route } from './route.ts'
import { showSignIn, signIn } from './sign-in/sign-in.ts'
import { signOut } from './sign-in/sign-out.ts'
import { setTheme } from './sign-in/theme.ts'

export const routes: readonly Route[] = [
  // Coming and going
  route('get', '/ui/sign-in', 'anyone', showSignIn),
  route('post', '/ui/sign-in', 'anyone', signIn),
  route('post', '/ui/sign-out', 'signed-in', signOut),
  route('post', '/ui/theme', 'anyone', setTheme),

  route('get', '/ui', 'signed-in', showOverview),

  // Buckets; what a visitor may see of them is decided one by one.
  route('get', '/ui/buckets', 'signed-in', showBuckets),
  route('get', '/ui/buckets/names', 'signed-in', listBucketNames),
  route('post', '/ui/buckets', 'signed-in', createBucket),
]
