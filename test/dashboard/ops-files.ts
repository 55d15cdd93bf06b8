/** Reads the files in `ops/`. */
import { readFile } from 'node:fs/promises'

export interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly severity: string
  readonly summary: string
  readonly description: string
  readonly runbook: string
}

export interface Panel {
  readonly id: number
  readonly title: string
  readonly type: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[]
}

export async function alertRules(): Promise<AlertRule[]> {
  const text = await readFile(new URL('../../ops/prometheus/alerts.yml', import.meta.url), 'utf8')
  return text
    .split(/^ +- (?=alert:)/m)
    .slice(1)
    .map((rule) => {
      const said = (key: string) => scalarIn(rule, key)
      return {
        ...{ alert: said('alert'), expr: said('expr'), severity: said('severity') },
        ...{ summary: said('summary'), description: said('description'), runbook: said('runbook') },
      }
    })
}

export async function panels(): Promise<Panel[]> {
  const text = await readFile(new URL('../../ops/grafana/saltgate.json', import.meta.url), 'utf8')
  return JSON.parse(text).panels
}

/** As much of YAML as the rules use: plain and quoted scalars on one line, and folded blocks. Throws: when there is no such key. */
function scalarIn(rule: string, key: string): string {
  const found = new RegExp(`^( *)${key}: *(.*)\n((?:\\1 +.*\n|\n)*)`, 'm').exec(rule)
  if (found === null) throw new Error(`no ${key} in ${rule}`)
  const [, , inline = '', block = ''] = found
  if (inline === '>-') return block.trim().replaceAll(/\s*\n\s*/g, ' ')
  return inline.replace(/^'(.*)'$/, '$1').replaceAll("''", "'")
}
