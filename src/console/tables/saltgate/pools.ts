/**
 * The connections to backends that clients use one after the other: one row for those that are as good as each other. Relayed logins have
 * connections of their own, which are in `saltgate.pairs` alone.
 */
import { identityOf } from '../../../gateway/link-identity.ts'
import { columns, requireProcess, rowOf, type VirtualTable } from '../table.ts'

const poolColumns = columns(
  `backend varchar(255) | user varchar(32) | credential varchar(320) | clients_secure enum('YES','NO') |
  capabilities bigint unsigned | mariadb_capabilities bigint unsigned | client_address varchar(64) null |
  open bigint unsigned | busy bigint unsigned | idle bigint unsigned | waiting bigint unsigned`,
)

export const pools: VirtualTable = {
  schema: 'saltgate',
  name: 'pools',
  readers: 'select',
  columns: poolColumns,
  comment: 'Connections to backends, by who is logged in there',
  rows: (viewer) => {
    requireProcess(viewer)
    const shelves = viewer.gateway?.pools() ?? []
    return shelves.map(({ key, open, idle, waiting }) => {
      const { backend, user, credential, secure, capabilities, mariadbCapabilities, clientAddress } = identityOf(key)
      return rowOf(poolColumns, {
        ...{ backend, user, credential, capabilities, open, idle, waiting },
        clients_secure: secure ? 'YES' : 'NO',
        mariadb_capabilities: mariadbCapabilities,
        client_address: clientAddress || null,
        busy: open - idle,
      })
    })
  },
}
