/**
 * People log in as themselves, and are somebody else at the backend: who they are is known to the gateway only.
 *
 * mysql-proxy's tutorial-scramble.lua did it in `read_auth`, with both passwords in the script: it checked the client's scramble and put
 * another login packet in the place of the client's. Here the gateway's accounts check the proof, by any plugin, and the password
 * of the backend's user is read when a connection to the backend is made.
 */
import { defineConfig, type Hooks } from '../src/index.ts'

const identities = new Map([
  ['alice', { user: 'app_rw', credential: { env: 'APP_RW_PASSWORD' } }],
  ['bob', { user: 'app_ro', credential: { file: '/etc/saltgate/app_ro.password' } }],
])

export const hooks: Hooks = {
  // Asked for COM_CHANGE_USER too, as there is no hook `changeUser`.
  readAuth({ user }) {
    const as = identities.get(user)
    return as && { do: 'go', as }
  },
}

export default defineConfig({ gateway: { hooks } })
