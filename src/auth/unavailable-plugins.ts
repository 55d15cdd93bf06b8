/**
 * Plugins that servers ask for and that this client does not have: what they are, why, and the way out. Each sentence goes
 * behind the colon of CR_AUTH_PLUGIN_CANNOT_LOAD.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/authentication-plugins.html
 */

/** Says of a plugin, by its name on the wire, why it is not to be had; also of names that nobody knows. */
export function whyUnavailable(name: string): string {
  return unavailablePlugins.get(name) ?? 'this client does not know it; give the account a plugin with a password'
}

export const unavailablePlugins: ReadonlyMap<string, string> = new Map([
  [
    'auth_gssapi_client',
    'it logs in with a Kerberos ticket, and Node has no GSSAPI; give the account a plugin with a password, such as parsec or ed25519',
  ],
  [
    'authentication_kerberos_client',
    'it logs in with a Kerberos ticket, and Node has no GSSAPI; use the mysql program, or give the account caching_sha2_password',
  ],
  [
    'authentication_ldap_sasl_client',
    'it proves an LDAP password by SASL, which is not built in; give the account authentication_ldap_simple, which takes the password over TLS (enableCleartextPlugin)',
  ],
  [
    'authentication_webauthn_client',
    'it needs a security key on this machine, which Node cannot reach; use the mysql program, or drop this factor of the account',
  ],
  [
    'authentication_fido_client',
    'it needs a security key on this machine, which Node cannot reach, and MySQL 8.4 has removed it; move the account to authentication_webauthn or a password',
  ],
  [
    'authentication_oci_client',
    'it signs with a key of Oracle Cloud, which is not built in; use the mysql program, or give the account caching_sha2_password',
  ],
  [
    'authentication_windows_client',
    'it logs in as the Windows user through SSPI, which Node does not have; give the account caching_sha2_password',
  ],
  [
    'mysql_old_password',
    'its scramble, of before MySQL 4.1, gives the password away and is refused; set the password again so that the account gets mysql_native_password or better',
  ],
  [
    'auth_socket',
    "it has no client side: the server looks at who runs the program; connect through the server's unix socket as that user of the system",
  ],
  [
    'unix_socket',
    "it has no client side: the server looks at who runs the program; connect through the server's unix socket as that user of the system",
  ],
  ['mysql_no_login', 'it has no client side: accounts with it are meant never to log in'],
])
