/**
 * The rules of a gateway that are in force: who is authenticated how, and at which backend. The first that matches decides.
 */
import { credentialText } from '../../../gateway/credentials.ts'
import type { BookedRule } from '../../../gateway/rule-book.ts'
import type { Row } from '../../../server/query.ts'
import { columns, requireProcess, rowOf, type VirtualTable } from '../table.ts'

const ruleColumns = columns(
  `number int unsigned | name varchar(255) null | user varchar(255) | host varchar(255) |
  way enum('relay','own','backend','mapped','refuse') | judge enum('backend','own accounts','accounts of the backend') null |
  backend_user varchar(32) null | credential text null | backend varchar(255) null |
  role enum('primary','replica') null | pool enum('off','session','transaction')`,
)

export const rules: VirtualTable = {
  schema: 'saltgate',
  name: 'rules',
  readers: 'select',
  columns: ruleColumns,
  comment: 'Who is authenticated how; the first rule that matches decides',
  rows: (viewer) => {
    requireProcess(viewer)
    return viewer.gateway?.rules().map(ruleRow) ?? []
  },
}

/** Where `backend_user` is NULL it is the client's own name; `credential` says where one comes from, NULL being the client's own proof. */
function ruleRow(rule: BookedRule): Row {
  const { number, name, user = '%', host = '%', way, as, to, pool } = rule
  const credential = as?.credential ?? rule.credentials
  return rowOf(ruleColumns, {
    ...{ number, name, user, host, way, pool },
    judge: judgeOf(rule),
    backend_user: as?.user,
    credential: credential === undefined ? null : credentialText(credential),
    backend: to?.backend,
    role: to?.role,
  })
}

function judgeOf({ way, check }: BookedRule): string | null {
  if (way === 'refuse') return null
  if (way === 'relay') return 'backend'
  return way === 'backend' || check === 'backend' ? 'accounts of the backend' : 'own accounts'
}
