/** Prometheus' own tool as the judge of what we export, and of what stands on it in `ops/`. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { panels } from '../dashboard/ops-files.ts'
import { scrapeDoors } from '../dashboard/scrapes.ts'
import { mustRun, run } from './command.ts'
import { type InstalledPeer, installed, type Peer } from './install.ts'

export function testMetrics(peers: readonly Peer[]): void {
  const promtool = installed(peers, 'promtool')
  describe('metrics before promtool', { skip: promtool === undefined && 'promtool is missing' }, () => {
    const { argv } = (promtool ?? {}) as InstalledPeer

    it('are as Prometheus wants them, at a front door and at a gateway', async () => {
      const { door, gateway } = await scrapeDoors()
      for (const stdin of [door, gateway]) {
        assert.deepEqual(await run([...argv, 'check', 'metrics'], { stdin }), { status: 0, stdout: '', stderr: '' })
      }
    })

    it('have alert rules that are right, and come when they should', async () => {
      await mustRun([...argv, 'check', 'rules', inOps('alerts.yml')])
      await mustRun([...argv, 'check', 'config', inOps('prometheus.yml')])
      await mustRun([...argv, 'test', 'rules', inOps('alerts.test.yml')])
    })

    it('have a Grafana dashboard whose expressions are PromQL', async () => {
      const expressions = (await panels()).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
      const rules = expressions.map((expr, i) => ({ record: `panel:${i}`, expr: expr.replaceAll(/\$\w+\]/g, '1m]') }))
      const directory = await mkdtemp(join(tmpdir(), 'saltgate-promtool-'))
      try {
        const file = join(directory, 'panels.yml')
        await writeFile(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }))
        const said = await mustRun([...argv, 'check', 'rules', '--lint=none', file])
        assert.match(said, new RegExp(`SUCCESS: ${rules.length} rules found`))
      } finally {
        await rm(directory, { recursive: true })
      }
    })
  })
}

function inOps(file: string): string {
  return fileURLToPath(new URL(`../../ops/prometheus/${file}`, import.meta.url))
}
