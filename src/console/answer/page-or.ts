import type { View } from '#console/page.ts'
import { ApiError } from '#model/errors.ts'

/** The page again, with the error beside the typed values. Visitors who may not see the page get the error itself. */
export function pageOr(error: ApiError, draw: () => View): View {
  try {
    return draw()
  } catch (another) {
    throw another instanceof ApiError && another.status < 500 ? error : another
  }
}
