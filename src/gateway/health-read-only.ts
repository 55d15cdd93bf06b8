/** The role of a server that replicates, or not, the classic way: who takes writes is the primary. */
import type { RoleQuestion } from './health-roles.ts'

/** `known` are the names of the variables that the server has. One without any of them counts as a primary. */
export function readOnlyQuestion(known: ReadonlyMap<string, string>): RoleQuestion {
  const names = [...readOnly, 'offline_mode'].filter((name) => known.has(name))
  if (names.length === 0) return async () => ({ role: 'primary' })
  const statement = `SELECT ${names.map((name) => `@@global.${name} AS ${name}`).join(', ')}`
  return async (run) => {
    const [row = {}] = await run(statement)
    const isOn = (name: string) => name in row && !['0', 'OFF', ''].includes(String(row[name]).toUpperCase())
    const role = readOnly.some(isOn) ? 'replica' : 'primary'
    return isOn('offline_mode') ? { role, unfit: 'in offline mode' } : { role }
  }
}

/** The last one is how a reader of Aurora is known. MariaDB 12 has more values for the first than ON and OFF. */
const readOnly = ['read_only', 'super_read_only', 'innodb_read_only']
