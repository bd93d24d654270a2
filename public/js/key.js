// A key of the KMS: its tags are edited in a dialog.
import { watchDialogs } from './dialog.js'

watchDialogs()
