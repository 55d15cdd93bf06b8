/**
 * `saltgate/dashboard`: pictures, history and metrics of a door, for those who open one in a program of their own. `examples/watched-server.ts`
 * shows how.
 */
export type { AccessOptions } from './access.ts'
export type * from './contract.ts'
export { type OpenDashboard, type OpenDashboardOptions, openDashboard } from './dashboard.ts'
export { History, type HistoryOptions } from './history.ts'
export type { Watched } from './watched.ts'
