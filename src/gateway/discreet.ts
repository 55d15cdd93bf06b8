/** Objects that hold a secret and do not show it: what prints them (`console.log`, an assertion, a logger) prints stars. */
import { inspect } from 'node:util'

/**
 * Copies `thing`; `util.inspect` and `JSON.stringify` of the copy, wherever it stands in something larger, show `***` for `secret`.
 * The members themselves are as they were. A copy made of it by `{ ...thing }` shows all again.
 */
export function discreet<Thing extends object>(thing: Thing, ...secret: readonly (keyof Thing)[]): Thing {
  const shown = () => ({
    ...thing,
    ...Object.fromEntries(secret.filter((name) => thing[name] !== undefined).map((name) => [name, '***'])),
  })
  return Object.defineProperties({ ...thing }, { [inspect.custom]: { value: shown }, toJSON: { value: shown } })
}
