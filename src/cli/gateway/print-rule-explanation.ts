/** `saltgate gateway --explain-rule user@host` */
import { ConfigurationError } from '../../errors/errors.ts'
import type { GatewaySettings } from '../../gateway/config.ts'
import { explainRule, ruleExplanationText } from '../../gateway/explain-rule.ts'
import { RuleBook } from '../../gateway/rule-book.ts'
import { visible } from '../visible.ts'

/** `client` is a user, behind the last @ the host, `localhost` where there is none. Throws: `ConfigurationError`. */
export function printRuleExplanation(client: string, { backends, rules }: GatewaySettings, json: boolean): void {
  const at = client.lastIndexOf('@')
  const [user, host] = at < 0 ? [client, 'localhost'] : [client.slice(0, at), client.slice(at + 1)]
  if (host === '') throw new ConfigurationError(`--explain-rule ${client}: write user@host, host being an address`)
  const names = backends.map(({ name }) => name)
  const explanation = explainRule(new RuleBook(rules.rules, names, rules.base), user, host, rules.hooks)
  const text = json ? JSON.stringify(explanation) : ruleExplanationText(explanation).split('\n').map(visible).join('\n')
  process.stdout.write(`${text}\n`)
}
