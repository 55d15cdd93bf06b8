/** What goes wrong between `saltgate top` and the dashboard that it asks; of it the command ends with 1. */
import { MysqlError } from '../../errors/errors.ts'

export function dashboardFailure(message: string, cause?: unknown): MysqlError {
  return new MysqlError('SALTGATE_DASHBOARD', 0, 'HY000', message, { cause })
}
