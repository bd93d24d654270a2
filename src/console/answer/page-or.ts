import type { View } from '#console/page.ts'
import { ApiError } from '#model/errors.ts'

/** The page with what went wrong beside what was typed; for those who may not see the page, the error itself. */
export function pageOr(error: ApiError, draw: () => View): View {
  try {
    return draw()
  } catch (another) {
    throw another instanceof ApiError && another.status < 500 ? error : another
  }
}
