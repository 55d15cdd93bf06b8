/** Every metric that is Saltgate's own: the only list. Those of the process come from prom-client, see `process-families.ts`. */
import type { Family } from './family.ts'
import { loginFamilies } from './login-families.ts'
import { mysqlFamilies } from './mysql-families.ts'
import { otherFamilies } from './other-families.ts'

export const families: readonly Family[] = [...loginFamilies, ...otherFamilies, ...mysqlFamilies]
