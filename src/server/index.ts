/**
 * The subpath `saltgate/server`: the parts that a front door is composed of, for programs that compose their own.
 */
export * from '../errors/errors.ts'

export { type LoadedConfig, loadConfig, type SaltgateConfig, serverKeys } from './config.ts'
export type { Door } from './door.ts'
export { FrontDoor, type FrontDoorOptions, type QueryHandler } from './front-door.ts'

export { type KeyMaterial, type KeyMaterialOptions, loadKeyMaterial, type RsaKeyPair } from './key-material.ts'
export { type ListenAddress, parseListen, showListen } from './listen-address.ts'
export { type Log, silentLog } from './log.ts'
export type {
  Column,
  ColumnType,
  OkResult,
  OnQuery,
  QueryResult,
  Row,
  RowsResult,
  Session,
  Value,
  Warning,
} from './query.ts'
export type { SettingValue } from './setting-row.ts'
export { type SettingName, Settings } from './settings.ts'
