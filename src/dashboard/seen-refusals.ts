/** Refused logins, grouped, as the dashboard tells them: what is wrong and what to do, with the latest of each group to look at. */
import { denyReasons } from '../errors/deny-reasons.ts'
import { type RefusalGroup as Counted, findingsOf } from '../registry/refusal-groups.ts'
import { clientName } from './client-name.ts'
import type { RefusalGroup, Refusals } from './contract.ts'
import { remedyOf } from './remedy.ts'
import type { Watched } from './watched.ts'

export function refusalsSeen({ administered }: Watched): Refusals {
  const { refusals } = administered.registry
  return { revision: refusals.revision, forgotten: refusals.forgotten, groups: refusals.groups().map(groupSeen) }
}

function groupSeen({ key, reason, network, count, firstMs, lastMs, login, detail, ...group }: Counted): RefusalGroup {
  const found = findingsOf(group)
  const [most] = found
  return {
    ...{ key, reason, network, count, firstMs, lastMs },
    findings: found.map(([clause, { count }]) => [clause, count] as const),
    cause: most?.[0] ?? denyReasons[reason].explains,
    remedy: remedyOf(reason, most?.[1].near),
    detail: detail ?? null,
    client: clientName(login),
    users: group.users,
    handshakes: group.handshakes,
  }
}
