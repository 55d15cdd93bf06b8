/** What a client program says of itself: `PyMySQL 1.1.1`. Nothing of it is proven. */
import type { Login } from '../machine/login.ts'

/** `undefined`: it says nothing. At most 100 characters. */
export function programOf(login: Login): string | undefined {
  const name = attributeOf(login, '_client_name')
  if (name === undefined) return undefined
  const version = attributeOf(login, '_client_version')
  return (version === undefined ? name : `${name} ${version}`).slice(0, 100)
}

function attributeOf({ connectAttributes = [] }: Login, name: string): string | undefined {
  for (const [key, value] of connectAttributes) {
    if (key.length === name.length && Buffer.from(key).toString('latin1') === name) return Buffer.from(value).toString()
  }
  return undefined
}
