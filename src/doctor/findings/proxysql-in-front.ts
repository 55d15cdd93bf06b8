import { capability, has } from '../../packets/capabilities.ts'
import type { HandshakeV10 } from '../../packets/handshake-v10.ts'
import type { Evidence, Finding } from '../finding.ts'
import { isBefore } from '../versions.ts'

const { PLUGIN_AUTH, CONNECT_ATTRS, PLUGIN_AUTH_LENENC_CLIENT_DATA: LENENC } = capability

export const finding: Finding = {
  id: 'proxysql-in-front',
  title: 'The greeting is not that of a server: a proxy such as ProxySQL stands in front',
  severity: 'note',
  affects:
    'ProxySQL up to 2.7: it switches nobody to caching_sha2_password, so the client must begin with it; a password that it keeps hashed needs one login with TLS before others succeed',
  remedy: {
    client: 'Begin with the plugin of the account (--default-auth); log in with TLS once if the login fails without.',
    server:
      "Set mysql-default_authentication_plugin to that of the accounts. The proxy's own table mysql_users decides who gets in.",
  },
  reference: 'https://github.com/sysown/proxysql/issues/4618',
  onLogin: ({ greeting }) => judge(greeting),
  onProbe: ({ greeting }) => judge(greeting),
}

function judge(greeting: HandshakeV10 | undefined): Evidence | undefined {
  if (greeting === undefined || !has(greeting.capabilities, PLUGIN_AUTH)) return undefined
  // MySQL has both from 5.6.6 on, MariaDB from 10.0, whose versions begin with 5.5.5- for old clients.
  const version = greeting.serverVersion.replace(/^5\.5\.5-/, '')
  if (isBefore(version, '5.6.6') || has(greeting.capabilities, CONNECT_ATTRS | LENENC)) return undefined
  const lines = [
    `a server that calls itself ${greeting.serverVersion}, without CLIENT_CONNECT_ATTRS and CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA`,
  ]
  return { certain: false, lines }
}
