/**
 * The role of a node of a Galera cluster. Every node takes writes, so each that is ready counts as a primary unless it is read-only.
 *
 * Spec: https://mariadb.com/kb/en/galera-cluster-status-variables/
 */
import type { RoleQuestion } from './health-roles.ts'

export function galeraQuestion(readOnly: RoleQuestion): RoleQuestion {
  return async (run) => {
    const rows = await run(
      "SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_ready', 'wsrep_local_state', 'wsrep_local_state_comment', 'wsrep_cluster_status')",
    )
    const status = new Map(rows.map((row) => [String(row.Variable_name).toLowerCase(), String(row.Value)]))
    const seen = await readOnly(run)
    const unfit = unfitness(status)
    return unfit === undefined ? seen : { ...seen, unfit }
  }
}

function unfitness(status: ReadonlyMap<string, string>): string | undefined {
  if (status.get('wsrep_cluster_status') !== 'Primary') return 'in no quorum of its Galera cluster'
  const state = status.get('wsrep_local_state') ?? ''
  if (status.get('wsrep_ready') !== 'ON' || !served.has(state)) {
    return `not ready in its Galera cluster: ${status.get('wsrep_local_state_comment') ?? 'state unknown'}`
  }
  return undefined
}

/** Synced, and a donor whose method lets it go on serving: `wsrep_ready` is OFF while it does not. */
const served = new Set(['4', '2'])
