/** The Grafana dashboard and the alert rules in `ops/` ask for nothing that real doors do not export. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, describe, it } from 'node:test'
import { alertRules, panels } from './ops-files.ts'
import { groupedBy, selectorsIn, targetLabels } from './promql.ts'
import { type Line, linesOf, scrapeDoors } from './scrapes.ts'

let exported: readonly Line[]

before(async () => {
  const { door, gateway } = await scrapeDoors()
  exported = [...linesOf(door), ...linesOf(gateway)]
})

/** Each series is exported, and has the labels that the expression goes by. */
function check(expression: string): void {
  const lines = selectorsIn(expression).flatMap(({ text, metric, matches }) => {
    if (metric === 'up') return []
    const matched = exported.filter(matches)
    assert.ok(matched.length > 0, `no door exports ${text}`)
    return matched
  })
  for (const label of groupedBy(expression)) {
    if (targetLabels.has(label)) continue
    assert.ok(
      lines.some(({ labels }) => labels.has(label)),
      `nothing in ${expression} has the label ${label}`,
    )
  }
}

describe('an expression that asks for what is not there', () => {
  it('is found out, whether the metric, a label or a value is wrong', () => {
    check('sum by (job, phase) (rate(saltgate_connections{job=~"$job", phase="ready"}[5m])) > 0.5 and mysql_up')
    for (const wrong of [
      'saltgate_conections',
      'saltgate_connections{stage="ready"}',
      'saltgate_connections{phase="reedy"}',
      'saltgate_connections{phase=~"reedy|steady"}',
      'sum by (stage) (saltgate_connections)',
    ]) {
      assert.throws(() => check(wrong), assert.AssertionError, wrong)
    }
  })
})

describe('ops/prometheus/alerts.yml', async () => {
  for (const { alert, expr, severity, summary, description, runbook } of await alertRules()) {
    it(`${alert} stands on metrics that are exported, and says what to do`, () => {
      assert.ok(selectorsIn(expr).length > 0)
      check(expr)
      assert.match(severity, /^(warning|critical)$/)
      assert.match(summary, /\{\{ \$labels\.instance \}\}/)
      assert.match(description, /\.$/)
      assert.match(runbook, /^.{30,}\.$/)
    })
  }

  it('has a test for each alert, and a line in the README', async () => {
    const read = (file: string) => readFile(new URL(`../../ops/${file}`, import.meta.url), 'utf8')
    const [tests, readme] = [await read('prometheus/alerts.test.yml'), await read('README.md')]
    for (const { alert } of await alertRules()) {
      assert.ok(tests.includes(`alertname="${alert}"`), alert)
      assert.ok(readme.includes(`| ${alert} |`), alert)
    }
  })
})

describe('ops/grafana/saltgate.json', async () => {
  const all = await panels()

  for (const { title, type, targets } of all.filter((panel) => panel.type !== 'row')) {
    it(`${title} (${type}) shows what is exported`, () => {
      assert.ok(targets.length > 0)
      for (const { expr, legendFormat } of targets) {
        check(expr)
        for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
          assert.ok(groupedBy(expr).includes(label) || label === 'le', `the legend of ${expr} names ${label}`)
        }
      }
    })
  }

  it('has its panels beside each other, not upon each other', () => {
    assert.equal(new Set(all.map(({ id }) => id)).size, all.length)
    const taken = new Set<string>()
    for (const { title, gridPos } of all) {
      assert.ok(gridPos.x + gridPos.w <= 24, title)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(!taken.has(`${x} ${y}`), title)
          taken.add(`${x} ${y}`)
        }
      }
    }
  })
})
