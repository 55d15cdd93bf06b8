/**
 * The subpath `saltgate/accounts`: the account model, and stores for it.
 */
export type { Account, AccountLimits, Credential, PeerHost, TlsRequirement } from './account.ts'
export { accountName } from './account.ts'
export { AccountTable } from './account-table.ts'
export { account } from './defaults.ts'
export { FailedLogins, type LoginBlock } from './failed-logins.ts'
export { ComparablePeer, compileHostPattern, type HostPattern } from './host-pattern.ts'
export { type AccountInput, MemoryAccounts } from './memory-accounts.ts'
export { allPrivileges, type Privilege } from './privileges.ts'
export type { AccountEdit, AccountSource, AccountStore } from './source.ts'
export { SqliteAccounts } from './sqlite-accounts.ts'
