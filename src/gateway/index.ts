/** The subpath `saltgate/gateway`: one door in front of real servers, and what its rules and hooks are made of. */
export * from '../errors/errors.ts'

export { type AccountView, accountViewStatements } from './account-view.ts'
export type { BackendFacts, BackendOptions } from './backend.ts'
export type { Backend } from './backends.ts'
export type { GatewayConfig } from './config.ts'
export { type CreatedGateway, type CreateGatewayOptions, createGateway, type GatewayOptions } from './create-gateway.ts'
export { explainRule, type RuleExplanation, ruleExplanationText } from './explain-rule.ts'
export type {
  Answer,
  AuthResultSeen,
  ClientSeen,
  EndSeen,
  Go,
  GreetingSeen,
  Hooks,
  LoginSeen,
  Refuse,
  Show,
} from './hooks.ts'
export { type RecordedLogin, type ReplayedHook, type ReplayOptions, replayHooks } from './hooks-replay.ts'
export { RuleBook } from './rule-book.ts'
export type { BackendLogin, Credential, Route, Rule, Way } from './rules.ts'
