/**
 * `saltgate/console`: SQL over the live door, for those who compose a front door of their own.
 */
export { redactPasswords } from './account-sql/redact.ts'
export { type Console, type ConsoleOptions, createConsole } from './console.ts'
export { type AdminDoorOptions, openAdminDoor } from './gateway-console.ts'
