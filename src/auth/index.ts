/** The subpath `saltgate/auth`: the plugins, the contract for writing one, and the computations behind them. */
export * from '../errors/deny-reasons.ts'
export * from '../errors/errors.ts'
export { scrambleCachingSha2Password, verifyFastDigest } from './caching-sha2-password.ts'
export { scrambleNativePassword, verifyNativePassword } from './mysql-native-password.ts'
export { rsaPublicKey } from './password-exchange.ts'
export * from './plugin.ts'
export { clientPlugins, plugins } from './plugins.ts'
export { whyUnavailable } from './unavailable-plugins.ts'
