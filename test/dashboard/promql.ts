/** What of a PromQL expression can be held against a scrape: which series it asks for, and by which labels it puts them together. */
import type { Line } from './scrapes.ts'

export interface Selector {
  readonly text: string
  readonly metric: string
  matches(line: Line): boolean
}

/** All series that the expression asks for. */
export function selectorsIn(expression: string): Selector[] {
  const bare = expression
    .replaceAll(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
  return [...bare.matchAll(/([a-zA-Z_:][\w:]*)\s*(\{[^}]*\}|\(|)/g)]
    .filter(([, name = '', rest]) => rest !== '(' && !words.has(name))
    .map(([text, metric = '', rest = '']) => selector(text.trim(), metric, rest))
}

/** Labels that results are grouped or joined by. */
export function groupedBy(expression: string): string[] {
  return [...expression.matchAll(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g)].flatMap(
    ([, list = '']) =>
      list
        .split(',')
        .map((label) => label.trim())
        .filter((label) => label !== ''),
  )
}

/** What Prometheus itself gives to everything that it scrapes. */
export const targetLabels: ReadonlySet<string> = new Set(['job', 'instance'])

/** `inf` and `nan` are numbers; an operator may stand before a parenthesis or not. */
const words = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan'])

function selector(text: string, metric: string, braces: string): Selector {
  const wanted = [...braces.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)]
    .map(([, label = '', operator = '', value = '']) => ({ label, operator, value }))
    .filter(({ label }) => !targetLabels.has(label))
  const matches = ({ name, labels }: Line) =>
    name === metric &&
    wanted.every(({ label, operator, value }) => {
      // A label that is not there would match "not this"; here it is a mistake.
      const actual = labels.get(label)
      if (actual === undefined) return false
      const same = operator.includes('~') ? new RegExp(`^(?:${value})$`).test(actual) : actual === value
      return operator.startsWith('!') ? !same : same
    })
  return { text, metric, matches }
}
