/** Refused logins, grouped, as the dashboard tells them: what is wrong and what to do, with the latest of each group to look at. */
import { denyReasons } from '../errors/deny-reasons.ts'
import type { RefusalGroup as Counted } from '../registry/refusal-groups.ts'
import { clientName } from './client-name.ts'
import type { RefusalGroup, Refusals } from './contract.ts'
import type { Watched } from './watched.ts'

export function refusalsSeen({ administered }: Watched): Refusals {
  const { refusals } = administered.registry
  return { revision: refusals.revision, forgotten: refusals.forgotten, groups: refusals.groups().map(groupSeen) }
}

function groupSeen({ key, reason, network, count, firstMs, lastMs, login, detail, ...group }: Counted): RefusalGroup {
  const { explains, remedy } = denyReasons[reason]
  const findings = [...group.findings].sort(([, a], [, b]) => b - a)
  return {
    ...{ key, reason, network, count, firstMs, lastMs, findings, remedy },
    cause: findings[0]?.[0] ?? explains,
    detail: detail ?? null,
    client: clientName(login),
    users: group.users,
    handshakes: group.handshakes,
  }
}
