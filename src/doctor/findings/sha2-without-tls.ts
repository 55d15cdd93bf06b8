import { capability, has } from '../../packets/capabilities.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'sha2-without-tls',
  title: 'The default plugin needs TLS or an RSA key, and there is no TLS',
  severity: 'risk',
  affects:
    'caching_sha2_password: each time that the server does not remember a password, libmysqlclient (2061), Connector/J, MariaDB Connector/J and Connector/Node.js and MySqlConnector give up unless they may fetch the key; PyMySQL wants the package cryptography',
  remedy: {
    client: 'Permit the key: --get-server-public-key, allowPublicKeyRetrieval=true.',
    server: 'Offer TLS: give it a certificate (ssl_ca, ssl_cert, ssl_key).',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/caching-sha2-pluggable-authentication.html',
  onProbe({ greeting }) {
    const plugin = greeting?.authPluginName
    if (greeting === undefined || !(plugin === 'caching_sha2_password' || plugin === 'sha256_password'))
      return undefined
    if (has(greeting.capabilities, capability.SSL)) return undefined
    return { certain: true, lines: [`the greeting names ${plugin}, and does not have CLIENT_SSL`] }
  },
}
