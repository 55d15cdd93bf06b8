/**
 * The phase table of the protocol: who may speak when, and with which packets.
 */
import { phases as phaseTable } from '../../../machine/phases.ts'
import { columns, type VirtualTable } from '../table.ts'

export const phases: VirtualTable = {
  schema: 'saltgate',
  name: 'phases',
  readers: 'select',
  columns: columns(
    'phase varchar(32) | turn varchar(16) | accepts text | next text | connections bigint unsigned | page text',
  ),
  comment: 'The phases of a login, and how many connections are in each',
  rows: ({ door }) => {
    const live = [...door.registry.live.values()]
    return Object.entries(phaseTable).map(([phase, { turn, accepts, next, page }]) => [
      phase,
      turn,
      accepts.join(', '),
      next.join(', '),
      live.filter((record) => record.phase === phase).length,
      `https://dev.mysql.com/doc/dev/mysql-server/latest/${page}`,
    ])
  },
}
